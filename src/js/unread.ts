/** What is left of a body when its request is answered without it: it is too long, or refused before it was read. */

/** So many bytes are taken in only to be thrown away. */
const MOST_BYTES = 32 << 20;

/** So long is waited for a client that stopped sending, in ms … */
const PATIENCE = 5_000;

/** … and so long in all for one that goes on, however slowly. */
const LONGEST = 60_000;

/**
 * Reads what is left of a body and forgets it, up to a bound; never rejects. Call it before the answer is given: a server of
 * HTTP ends the connection of a client that is still sending then, and that client often learns of a broken connection in
 * place of the answer. A body that somebody has a reader of counts as read.
 */
export async function discardRest(request: Request): Promise<void> {
  if (request.body === null || request.body.locked) return;
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const begun = Date.now();
    for (let left = MOST_BYTES; left > 0 && Date.now() - begun < LONGEST; ) {
      const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, PATIENCE, undefined)));
      const piece = await Promise.race([reader.read(), late]);
      clearTimeout(timer);
      if (piece === undefined || piece.done) return;
      left -= piece.value.length;
    }
  } catch {
    // It broke off: there is nothing left to read, nor anybody to answer.
  } finally {
    clearTimeout(timer);
  }
}
