// Methods of Buffer that Node does not document: those that toString() and write() call after their checks.

export interface UncheckedBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  latin1Write(text: string, at: number, bytes: number): number;
  utf8Write(text: string, at: number, bytes: number): number;
}
