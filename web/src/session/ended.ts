import type { Schemas } from '../api/client';
import type { Problem } from '../api/problem';

type Holder = Pick<Schemas['Session'], 'name' | 'method' | 'expiresAt'>;

/** Ending is why a session is over, and what to do about it. */
export interface Ending {
  title: string;
  text: string;
}

const back = 'Sign in again, and you are back where you were.';

/**
 * endingOf explains why somebody who had signed in has to do so again. The API gives the
 * reason where the browser still sends its cookie; undefined if nobody had signed in here.
 */
export function endingOf(reason: Problem['reason'], holder: Holder | undefined, now: number): Ending | undefined {
  if (!reason && !holder) return undefined;
  switch (reason ?? (holder && Date.parse(holder.expiresAt) <= now ? 'session_expired' : undefined)) {
    case 'session_expired':
      return { title: 'Your session has expired', text: `A session ends after a set time. ${back}` };
    case 'signed_out':
      return { title: 'This session was ended', text: `Somebody signed it out: you in another window, or who manages the sessions of this twin. ${back}` };
    case 'key_ended':
      return {
        title: holder?.method === 'key' ? `The API key ${holder.name} has ended` : 'Your API key has ended',
        text: 'It was revoked or has expired, and your session ended with it. Sign in with another key; who runs the twin can create one in the settings.',
      };
    case 'access_ended':
      return { title: 'You have no access any more', text: 'None of your groups gives access to this twin now. Who runs the twin can give it again.' };
    default:
      return { title: 'You are signed out', text: `This browser’s session is not known any more: it was signed out in another window, or the twin has a new secret. ${back}` };
  }
}

let known: Holder | undefined;

/** remember keeps who has signed in, so that the end of the session can be explained. */
export function remember(holder: Holder): void {
  known = holder;
}

/** forget is for who signs out by choice, which needs no explanation. */
export function forget(): void {
  known = undefined;
}

/** lastHolder is who had signed in here. */
export const lastHolder = (): Holder | undefined => known;
