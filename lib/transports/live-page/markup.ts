// What is on the live page before its script has read anything.

/** The body of the page. */
export const MARKUP: string = `
<a class="skip" href="#list">Skip to the metrics</a>
<header>
<div class="bar">
<h1>Metrics</h1>
<p class="state" id="state" data-state="starting"><span class="dot" aria-hidden="true"></span><span id="say" role="status">Reading …</span></p>
<p class="facts" id="facts"></p>
<div class="tools" role="search">
<label class="sr" for="search">Search names, help texts and labels</label>
<input id="search" type="search" placeholder="Search: latency  status=500" autocomplete="off" spellcheck="false" aria-describedby="hint">
<span class="sr" id="hint">Words look for names and help texts, name=value for labels. The key / comes here.</span>
<label id="worker-label" hidden>Worker <select id="worker"></select></label>
<label>Every <select id="every"><option value="1000">1 s</option><option value="2000" selected>2 s</option><option value="5000">5 s</option><option value="15000">15 s</option></select></label>
<button id="pause" type="button" aria-pressed="false">Pause</button>
<button id="theme" type="button">Dark</button>
<a href="metrics">As Prometheus sees it</a>
</div>
</div>
</header>
<div id="failing" class="failing" role="alert" hidden></div>
<div class="page">
<nav aria-label="Groups of metrics"><ul id="groups"></ul></nav>
<main id="list" class="list" tabindex="-1" aria-label="Metrics"></main>
</div>
<noscript><p class="empty">This page needs JavaScript. The metrics themselves are at <a href="metrics">/metrics</a>.</p></noscript>
`;
