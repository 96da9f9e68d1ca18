// A request as a command for the shell.
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The same request again, with the headers and the body it had. */
export function asCurl(url: string, headers: Record<string, string>, body: string): string {
  const lines = [`curl -X POST ${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body !== "") lines.push(`--data-raw ${quote(body)}`);
  return lines.join(" \\\n  ");
}
