/** What a person sees who opens the metrics server in a browser. */
export const LANDING_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Metrics</title>
<h1>Metrics</h1>
<p>A Prometheus server finds the metrics of this process at <a href="metrics">/metrics</a>.</p>
</html>
`;

/** The page loads nothing, runs nothing, and is framed by nobody. */
export const LANDING_PAGE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
