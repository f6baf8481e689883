// Texts from outside in messages, which are one line each: no text can begin a line of its own or move the cursor.

/** A text of several lines in one: a run of control characters, with the blanks around it, becomes one space. */
export function oneLine(text: string): string {
  const lines = text.split(/\p{Cc}+/u).map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}

/** A value as a message quotes it: each control character is written as `\x0a`, so that the user can find it. */
export function escaped(value: string): string {
  return value.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
