<?php
// What hoptell's shared store knows of the connection by which this page is asked for.
declare(strict_types=1);

const WAIT_MS = 1500; // hoptell writes in batches, a few times a second
const LOOK_EVERY_MS = 100;

// The newest judgement of a connection from this address and port, or null.
function judgement(PDO $store, string $address, int $port): ?array
{
    $asked = $store->prepare(
        'SELECT * FROM observation WHERE address = ? AND port = ? AND seen_at > ?'
        . ' ORDER BY seen_at DESC LIMIT 1');
    $day_ago = (time() - 86400) * 1000000; // a port is used again some day
    for ($waited = 0; $waited <= WAIT_MS; $waited += LOOK_EVERY_MS) {
        $asked->execute([$address, $port, $day_ago]);
        $found = $asked->fetch(PDO::FETCH_ASSOC);
        if ($found !== false) {
            return $found;
        }
        usleep(LOOK_EVERY_MS * 1000);
    }
    return null;
}

// An IPv4 address in IPv6 is the IPv4 address, and every address has one way to be written.
function as_stored(string $address): string
{
    $octets = (string) inet_pton($address);
    $mapped = str_repeat("\0", 10) . "\xff\xff";
    return (string) inet_ntop(str_starts_with($octets, $mapped) ? substr($octets, 12) : $octets);
}

function escaped(mixed $text): string
{
    return htmlspecialchars((string) $text, ENT_QUOTES);
}

$found = null;
$trouble = null;
try {
    $store = new PDO(getenv('HOPTELL_DSN') ?: 'mysql:host=localhost;dbname=hoptell;charset=utf8mb4',
        getenv('HOPTELL_USER') ?: 'hoptell_page', getenv('HOPTELL_PASSWORD') ?: '',
        [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_TIMEOUT => 2]);
    $found = judgement($store, as_stored($_SERVER['REMOTE_ADDR']), (int) $_SERVER['REMOTE_PORT']);
} catch (PDOException $error) {
    error_log($error->getMessage());
    http_response_code(503);
    $trouble = 'The store cannot be asked now.';
}
header('Cache-Control: no-store');
?>
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Your connection</title>
<h1>Your connection</h1>
<?php if ($found !== null): ?>
<p>From <?= escaped($found['address']) ?>, port <?= escaped($found['port']) ?>:
<strong><?= escaped($found['verdict']) ?></strong>,
with a probability of <?= escaped(round(100 * $found['probability'], 1)) ?> % of being tethered.
<p>Your packet arrived with a hop limit of <?= escaped($found['hop_limit']) ?>, from
<?= escaped($found['initial']) ?>, as <?= escaped($found['stack_family']) ?> sends it.
<ul>
<?php foreach (json_decode($found['evidence'], true) ?? [] as $reason): ?>
<li><?= escaped($reason['text']) ?>

<?php endforeach ?>
</ul>
<?php else: ?>
<p><?= escaped($trouble ?? 'Nothing is known of it.') ?>

<?php endif ?>
