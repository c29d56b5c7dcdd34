/**
 * Puts the private key into a configuration text from the server, which leaves a marked blank for it.
 */

/** The line that the server writes in place of the private key; the server's own tests hold it to the same text. */
export const BLANK = "PrivateKey = <your private key>";

/** The text with its one blank filled; throws when there is not exactly one, as the file would not work. */
export function fillPrivateKey(configText, privateKey) {
  const lines = configText.split("\n");
  const blanks = lines.filter((line) => line.trimEnd() === BLANK);
  if (blanks.length !== 1) {
    throw new Error(`a configuration has one blank for the private key, this one has ${blanks.length}`);
  }
  return lines.map((line) => (line.trimEnd() === BLANK ? `PrivateKey = ${privateKey}` : line)).join("\n");
}
