import type * as D from 'discord-api-types/v10';

// The types as JSON has them, made strict enough to hold a fake against.
//
// The package declares words as enums of text, to which no plain text can be assigned; on the wire they are plain text.
// Wire<T> takes the words out of their enums, at every depth. Numbers keep theirs: a kind that does not exist is an error.
export type Wire<T> = T extends string
  ? `${T}`
  : T extends Array<infer Item>
    ? Array<Wire<Item>>
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T;

// A sum of bits is no member of its enum, as any number is none.
export declare function bits(value: number): number;

// A direct channel has no name: by the documentation's example it is not even null.
export type DirectChannel = Omit<D.APIDMChannel, 'name'>;

// The documentation gives each added member a presence, which the package leaves out.
type Members = D.GatewayThreadMembersUpdateDispatch;
type Added = D.APIThreadMember & { presence: D.GatewayPresenceUpdate | null };
export type ThreadMembersUpdate = Omit<Members, 'd'> & {
  d: Omit<Members['d'], 'added_members'> & { added_members?: Added[] };
};
