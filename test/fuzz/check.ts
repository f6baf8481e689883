// All checks of one input, over all engines.

import { contentDisagreement, disagreement } from './agreement.ts';
import { wrongAnswers } from './answers.ts';
import { type Input, tidyCuts } from './input.ts';
import { parseWithLlhttp } from './llhttp.ts';
import { placeOf } from './memory.ts';
import { differenceOfEngines, differenceOfWays, Outcome } from './outcome.ts';
import { wrongRedirects } from './redirects.ts';
import { POISON_COUNT, SUBJECT_NAMES, Subject } from './subject.ts';
import { type Message, serveHanded, serveReads, serveSteps, type Way } from './ways.ts';

/** Describes the failure in words that stay the same while the input shrinks; '' if there is no failure. */
export type Failure = string;

/** Longer inputs are not cut at every place, since that takes too long. */
const EVERY_CUT_BYTES_MAX = 400;

/** How an input ends if it doesn't end with an error of codes.ts. */
export const END_ANSWERED = 0;
export const END_UNFINISHED = 1;

/** Chooses the misleading bytes behind an input: over many inputs, all of them. */
export function poisonOf({ text }: Input): number {
  return text.length % POISON_COUNT;
}

export class Checker {
  /** Counts the inputs by how they ended: by an error of codes.ts, or END_*. */
  readonly ends = new Map<number, number>();
  private readonly subjects = SUBJECT_NAMES.map((name) => new Subject(name));
  private readonly whole = new Outcome();
  private readonly steps = new Outcome();
  private readonly parts = new Outcome();
  private readonly handed = new Outcome();
  private readonly redirected = new Outcome();
  private readonly other = new Outcome();
  private messages: Message[] = [];

  /** Describes the error in the responses to an input. memory() reports where else the engines wrote. */
  check(input: Input, poison = poisonOf(input)): Failure {
    const { text, cuts, draining, limits } = input;
    const bytes = Buffer.from(text, 'latin1');
    for (const subject of this.subjects) subject.setLimits(limits);
    const failure =
      this.run('whole', bytes, { cuts: [], draining, step: false, poison }, this.whole) ||
      this.run('in steps', bytes, { cuts: [], draining, step: true, poison }, this.steps) ||
      this.compare('in steps', this.steps) ||
      (cuts.length === 0
        ? ''
        : this.run('in parts', bytes, { cuts, draining, step: true, poison }, this.parts)) ||
      // Which request is the last one received, and so closes when draining, depends on how the bytes arrive.
      (cuts.length === 0 || draining ? '' : this.compareParts()) ||
      // The outcome must be the same, whether the engine or the application responds.
      this.run(
        'handed over',
        bytes,
        { cuts: draining ? [] : cuts, draining, step: true, poison },
        this.handed,
      ) ||
      this.compareHanded() ||
      wrongAnswers(bytes, this.messages, this.whole) ||
      this.checkRedirects(bytes, input, poison);
    if (failure !== '') return failure;
    const end = this.whole.error || (this.whole.unfinished ? END_UNFINISHED : END_ANSWERED);
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
    const peer = parseWithLlhttp(bytes);
    const different =
      disagreement(bytes, this.steps.turns.bytes, this.messages, peer) ||
      contentDisagreement(this.handed, peer);
    return different === '' ? '' : `llhttp: ${different}`;
  }

  /** Checks the responses to the same input on a connection that redirects. */
  private checkRedirects(bytes: Buffer, { cuts, draining }: Input, poison: number): Failure {
    const way: Way = { cuts: [], draining, step: false, redirects: true, poison };
    const failure =
      this.run('redirected', bytes, way, this.redirected) ||
      wrongRedirects(bytes, this.messages, this.redirected);
    if (failure !== '' || cuts.length === 0 || draining) return failure;
    return (
      this.run('redirected in parts', bytes, { ...way, cuts }, this.parts) ||
      different('redirected whole and in parts', differenceOfWays(this.parts, this.redirected))
    );
  }

  /** Checks the same with all memory compared, every cut in two, byte by byte, and all misleading bytes behind the end. */
  checkThoroughly(input: Input): Failure {
    const { length } = input.text;
    const variants = Array.from({ length: POISON_COUNT }, () => input);
    if (length <= EVERY_CUT_BYTES_MAX) {
      const cuts = tidyCuts([...Array(length).keys()], length);
      variants.push({ ...input, cuts }, ...cuts.map((cut) => ({ ...input, cuts: [cut] })));
    }
    for (const [i, variant] of variants.entries()) {
      const failure = this.check(variant, i % POISON_COUNT) || this.memory();
      if (failure !== '') return failure;
    }
    return '';
  }

  /** Describes where an engine has written since the last check outside its writable regions. */
  memory(): Failure {
    let failure = '';
    for (const subject of this.subjects) {
      subject.setLimits('usual');
      subject.slot.redirectPort = 0;
      const touched = subject.watch.check();
      if (touched >= 0 && failure === '') failure = `${subject.name}: writes at ${placeOf(touched)}`;
    }
    return failure;
  }

  /** Runs all engines in one way; keeps the outcome of the first engine. */
  private run(how: string, bytes: Buffer, way: Way, first: Outcome): Failure {
    for (const [i, subject] of this.subjects.entries()) {
      const outcome = i === 0 ? first : this.other;
      try {
        if (how === 'in steps') {
          const messages = serveSteps(subject, bytes, way, outcome);
          if (i === 0) this.messages = messages;
        } else if (how === 'handed over') serveHanded(subject, bytes, way, outcome);
        else serveReads(subject, bytes, way, outcome);
      } catch (error) {
        return `${subject.name}, ${how}: ${describe(error as Error)}`;
      }
      const different = i === 0 ? '' : differenceOfEngines(first, outcome);
      if (different !== '')
        return `${SUBJECT_NAMES[0]} and ${subject.name}, ${how}: not the same ${different}`;
    }
    return '';
  }

  private compare(how: string, outcome: Outcome): Failure {
    return different(`whole and ${how}`, differenceOfWays(outcome, this.whole));
  }

  private compareHanded(): Failure {
    if (this.handed.history.equals(this.steps.history)) return this.compare('handed over', this.handed);
    return 'whole and handed over: not the same record';
  }

  private compareParts(): Failure {
    if (this.parts.history.equals(this.steps.history)) return this.compare('in parts', this.parts);
    return 'whole and in parts: not the same record';
  }
}

/** Describes a difference of two ways, or returns ''. */
function different(ways: string, what: string): Failure {
  return what === '' ? '' : `${ways}: not the same ${what}`;
}

/** Describes a trap, with the function of the debug build that trapped, or returns the message of the harness. */
function describe({ message, stack }: Error): string {
  const place = /at (assembly\S+)/.exec(stack ?? '')?.[1];
  return place === undefined ? message : `${message}, in ${place}`;
}
