/** A page for people, and what a browser lets it do. */
export interface Page {
  readonly html: string;
  /** The value of the header `Content-Security-Policy`. */
  readonly policy: string;
}

/** What a person sees who opens a metrics server whose live page is off. */
export const LANDING_PAGE: Page = {
  html: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Metrics</title>
<h1>Metrics</h1>
<p>A Prometheus server finds the metrics of this process at <a href="metrics">/metrics</a>.</p>
</html>
`,
  // The page loads nothing, runs nothing, and is framed by nobody.
  policy: "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};
