// The live page as one document, and the policy that lets nothing else into it.
import { createHash } from "node:crypto";
import type { Page } from "../landing-page.ts";
import { MARKUP } from "./markup.ts";
import { DRAWING } from "./script-drawing.ts";
import { HISTORY } from "./script-history.ts";
import { PAGE } from "./script-page.ts";
import { READING } from "./script-reading.ts";
import { STYLE } from "./style.ts";

/** The script of the page. It asks the server that it came from, and nobody else. */
export const LIVE_PAGE_SCRIPT: string = `"use strict";\n(() => {${READING}${HISTORY}${DRAWING}${PAGE}})();\n`;

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Metrics</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>${MARKUP}<script>${LIVE_PAGE_SCRIPT}</script>
</body>
</html>
`;

/** The page for people: what is exposed now, at a glance. */
export const LIVE_PAGE: Page = {
  html,
  // Only the page's own style and script, by their hashes, and only what it fetches from its own server.
  policy: [
    "default-src 'none'",
    `script-src '${hashOf(LIVE_PAGE_SCRIPT)}'`,
    `style-src '${hashOf(STYLE)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
};

function hashOf(source: string): string {
  return `sha256-${createHash("sha256").update(source).digest("base64")}`;
}
