// Texts in alerts, whose labels and annotations Prometheus runs as Go templates.

/** A text that comes out of a template as it is, whatever braces it holds. */
export function untemplated(text: string): string {
  return text.toWellFormed().replace(/\{\{/g, '{{"{{"}}');
}
