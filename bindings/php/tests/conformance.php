<?php
// The conformance scenarios, through the extension.
require (getenv('MUNI_TOP') ?: __DIR__ . '/../../..') . '/tests/conformance/driver.php';
