<?php
// A page that says what is known of its visitor's connection, and is lighter for a tethered one.
declare(strict_types=1);

require 'hoptell.php';

const HEADINGS = [
    'direct' => 'This device is itself on the line',
    'tethered' => 'This device is behind another one that shares its connection',
    'unknown' => 'Nothing can be said of this connection yet',
];

function escaped(mixed $text): string
{
    return htmlspecialchars((string) $text, ENT_QUOTES);
}

$seen = hoptell_visitor();
$verdict = $seen['verdict'] ?? 'unknown';
header('Cache-Control: no-store');
?>
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Your connection: <?= escaped($verdict) ?></title>
<style>
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
body { max-width: 40rem; margin: 3rem auto; padding: 0 1.2rem }
h1 { font-size: 1.6rem; line-height: 1.2 }
aside { border-left: .3rem solid; padding-left: 1rem }
</style>
<h1><?= escaped(HEADINGS[$verdict]) ?></h1>
<?php if ($seen): ?>
<p>You come from <?= escaped($seen['address']) ?>, port <?= escaped($seen['port']) ?>. The verdict is
<strong><?= escaped($verdict) ?></strong>: with <?= escaped(round(100 * $seen['probability'], 1)) ?>&nbsp;%
probability another device shares its connection with you.
<p>Your opening packet arrived with a hop limit of <?= escaped($seen['hop_limit']) ?>. It set out with
<?= escaped($seen['initial']) ?>, as <?= escaped($seen['stack_family']) ?> sends it.
<ul>
<?php foreach (json_decode($seen['evidence'], true) ?? [] as $reason): ?>
<li><?= escaped($reason['text']) . "\n" ?>
<?php endforeach ?>
</ul>
<?php else: ?>
<p>Your opening packet is not in the store. The verdict is <strong>unknown</strong>.
<?php endif ?>
<?php if ($verdict === 'tethered'): ?>
<aside>You are shown the lighter page: a phone's allowance may pay for it.</aside>
<?php else: ?>
<aside>You are shown the full page.</aside>
<?php endif ?>
