// The official types, made strict enough to hold a fake against.
//
// Stripe declares its enums open ('paid' | 'open' | OtherString), so that a new word does not break a shop's build.
// A fake has no right to new words: Closed<T> takes the open end off, at every depth.
import type Stripe from 'stripe';

type Words<T> = T extends string ? (string extends T ? never : T) : never;
type NoText<T> = T extends string ? never : T;
type Deep<T> = T extends Decimal
  ? T
  : T extends Array<infer Item>
    ? Array<Closed<Item>>
    : T extends object
      ? { [Key in keyof T]: Closed<T[Key]> }
      : T;
export type Closed<T> = [Words<T>] extends [never] ? Deep<T> : Words<T> | Deep<NoText<T>>;

type Loose<T> = T extends Decimal
  ? T
  : T extends Array<unknown>
    ? T
    : T extends object
      ? { [Key in keyof T]?: Loose<T[Key]> }
      : T;

// previous_attributes names only what changed, inside nested objects too; the official Partial stops at the top.
type EventOf<Kind extends Stripe.Event['type']> = Extract<Stripe.Event, { type: Kind }>;
export type Emitted<Kind extends Stripe.Event['type']> = Closed<Omit<EventOf<Kind>, 'data'>> & {
  data: {
    object: Closed<EventOf<Kind>['data']['object']>;
    previous_attributes?: Loose<Closed<EventOf<Kind>['data']['object']>>;
  };
};

// Decimals are text on the wire; the SDK makes this class of them.
export type Decimal = NonNullable<Stripe.Price['unit_amount_decimal']>;
export declare function decimal(text: string): Decimal;
