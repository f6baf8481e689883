// Makes texts from outside safe for messages of one line: no text can begin a line of its own or move the cursor.

/** Joins a text of several lines into one: a run of control characters, with the blanks around it, becomes one space. */
export function oneLine(text: string): string {
  const lines = text.split(/\p{Cc}+/u).map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}

/** Quotes a value in a message: writes each control character as `\x0a`, so that the user can find it. */
export function escaped(value: string): string {
  return value.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
