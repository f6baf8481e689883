// All numbers of a counter that clients received, over any number of servers and restarts.

export class Numbers {
  private bits = new Uint8Array(1 << 16);
  count = 0;
  last = 0;

  constructor(readonly name: string) {}

  /** @throws Error if the number was added before */
  add(number: number): void {
    const index = number >> 3;
    if (index >= this.bits.length) {
      const more = new Uint8Array(2 ** Math.ceil(Math.log2(index + 1)));
      more.set(this.bits);
      this.bits = more;
    }
    const bit = 1 << (number & 7);
    const byte = this.bits[index] as number;
    if (byte & bit) throw new Error(`${this.name}: ${number} was handed out twice`);
    this.bits[index] = byte | bit;
    this.count++;
    this.last = Math.max(this.last, number);
  }
}
