<?php
// What hoptell's shared store knows of the connection by which a page is asked for.
declare(strict_types=1);

const HOPTELL_WAIT_MS = 500; // hoptell writes in batches, a few times a second
const HOPTELL_LOOK_EVERY_MS = 50;
const HOPTELL_SURE_S = 60; // a port is not used again so soon
const HOPTELL_OPEN_S = 600; // no connection is older: see apache.conf

// The observation of the visitor's connection, a row of table `observation`. Null when nothing is
// known of it, or when the store cannot be asked: the page has to do without.
function hoptell_visitor(): ?array
{
    try {
        $store = new PDO(
            getenv('HOPTELL_DSN') ?: 'mysql:host=localhost;dbname=hoptell;charset=utf8mb4',
            getenv('HOPTELL_USER') ?: 'www-data', getenv('HOPTELL_PASSWORD') ?: '',
            [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_TIMEOUT => 1]);
        return hoptell_newest($store, hoptell_address($_SERVER['REMOTE_ADDR']),
            (int) $_SERVER['REMOTE_PORT'], (int) (getenv('HOPTELL_SERVER_PORT') ?: 80),
            (int) $_SERVER['REQUEST_TIME']);
    } catch (PDOException $error) {
        error_log('hoptell: ' . $error->getMessage());
        return null;
    }
}

// The newest from this address and port to that port of ours: behind a carrier's NAT somebody else may
// have another connection from the same. One that is not new may be of an earlier connection: then a
// newer one is given the time that hoptell needs to write it.
function hoptell_newest(PDO $store, string $address, int $port, int $to, int $now): ?array
{
    $asked = $store->prepare(
        'SELECT * FROM observation WHERE address = ? AND port = ? AND server_port = ?'
        . ' AND seen_at > ? ORDER BY seen_at DESC LIMIT 1');
    for ($waited = 0;; $waited += HOPTELL_LOOK_EVERY_MS) {
        $asked->execute([$address, $port, $to, ($now - HOPTELL_OPEN_S) * 1000000]);
        $found = $asked->fetch(PDO::FETCH_ASSOC) ?: null;
        if ($found && $found['seen_at'] > ($now - HOPTELL_SURE_S) * 1000000
            || $waited >= HOPTELL_WAIT_MS) {
            return $found;
        }
        usleep(HOPTELL_LOOK_EVERY_MS * 1000);
    }
}

// An IPv4 address in IPv6 is the IPv4 address, and every address has one way to be written.
function hoptell_address(string $address): string
{
    $octets = (string) inet_pton($address);
    $mapped = str_repeat("\0", 10) . "\xff\xff";
    return (string) inet_ntop(str_starts_with($octets, $mapped) ? substr($octets, 12) : $octets);
}
