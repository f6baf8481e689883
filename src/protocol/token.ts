// token (RFC 9110 5.6.2): the grammar of methods, field names and options.

/** The characters of a token besides letters and digits. The hyphen is last, so that a pattern can contain them as they are. */
export const TOKEN_MARKS = "!#$%&'*+.^_`|~-";

const TOKEN = new RegExp(`^[a-zA-Z0-9${TOKEN_MARKS}]+$`);
const LOWER_TOKEN = new RegExp(`^[a-z0-9${TOKEN_MARKS}]+$`);

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether the text is a token in lower case. */
export function isLowerToken(text: string): boolean {
  return LOWER_TOKEN.test(text);
}
