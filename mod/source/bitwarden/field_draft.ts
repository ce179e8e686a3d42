/**
 * The custom field being read. Its value is looked at in locked memory only: compared with what the query wants unless
 * the field is hidden, searched for a private key if it is.
 *
 * @module
 */

import type { Secret, SecretMemory } from "../../../ffi/secret.ts";
import { Capture } from "./capture.ts";
import { readText, type SlotOutcome } from "./slot.ts";
import type { FieldTest } from "./vault_item.ts";

/** Bytes of a field's name; a longer one counts as having none. */
const MAX_NAME = 1024;
/** Bytes of a field's value, as for any private key. */
const MAX_VALUE = 64 * 1024;
const FIELD_TYPE = { text: 0, hidden: 1, boolean: 2 } as const;

/** What a field amounts to. */
export interface FieldOutcome extends SlotOutcome {
  /** The tests it passes. */
  readonly passed: readonly FieldTest[];
}

interface EncodedTest {
  readonly test: FieldTest;
  readonly name: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** The draft; one serves a whole listing. */
export class FieldDraft implements Disposable {
  readonly name: Capture;
  readonly value: Capture;
  /** As printed; NaN for what is no whole number. */
  type: number | undefined;
  readonly #tests: readonly EncodedTest[];
  readonly #needsValues: boolean;

  constructor(memory: SecretMemory, tests: readonly FieldTest[]) {
    this.name = new Capture(memory, MAX_NAME);
    this.value = new Capture(memory, MAX_VALUE);
    const encoder = new TextEncoder();
    this.#tests = tests.map((test) => ({
      test,
      name: encoder.encode(test.name),
      value: test.value === undefined ? undefined : encoder.encode(test.value),
    }));
    this.#needsValues = tests.some((test) => test.value !== undefined);
  }

  /** Whether the value could matter, as far as the type is known by now. */
  get wantsValue(): boolean {
    return this.type === undefined || this.type === FIELD_TYPE.hidden || this.#needsValues;
  }

  /**
   * The field ended.
   *
   * @param taken Slots of the item that are in use.
   * @returns What it amounts to; the draft is empty again.
   */
  end(taken: readonly string[]): FieldOutcome {
    try {
      using name = this.name.take();
      const named = this.#tests.filter((each) => name?.equals(each.name) ?? false);
      if (this.type === FIELD_TYPE.hidden) {
        const passed = named.filter((each) => each.value === undefined).map((each) => each.test);
        // Only the name of a field that holds a key (or could not be looked at) becomes a string: it is part of the
        // identity's id.
        const outcome = readText("field", "hidden field", this.value);
        if (outcome.key === undefined && outcome.problem === undefined) return { passed };
        return { passed, ...withSlot(outcome, freeSlot(`field:${name === undefined ? "" : label(name)}`, taken)) };
      }
      const comparable = this.type === FIELD_TYPE.text || this.type === FIELD_TYPE.boolean;
      using value = comparable && named.length > 0 ? this.value.take() : undefined;
      const passes = (each: EncodedTest): boolean =>
        each.value === undefined || (value !== undefined && value.equals(each.value));
      return { passed: named.filter(passes).map((each) => each.test) };
    } finally {
      this.clear();
    }
  }

  clear(): void {
    this.name.clear();
    this.value.clear();
    this.type = undefined;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}

/** A field's name as part of an identity's id, which stands in logs and on terminals: no invisible characters. */
function label(name: Secret): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(name.publicCopy());
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

function withSlot(outcome: SlotOutcome, slot: string): SlotOutcome {
  return {
    ...(outcome.key === undefined ? {} : { key: { ...outcome.key, slot } }),
    ...(outcome.problem === undefined ? {} : { problem: { ...outcome.problem, slot } }),
  };
}

/** Bitwarden allows several fields of one name; each key needs an id of its own. */
function freeSlot(slot: string, taken: readonly string[]): string {
  if (!taken.includes(slot)) return slot;
  let count = 2;
  while (taken.includes(`${slot}#${count}`)) count++;
  return `${slot}#${count}`;
}
