// token (RFC 9110 5.6.2): a method, a field name, an option.

const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}
