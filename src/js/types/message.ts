/** What is said: messages and their parts. */

/** Who speaks in a message. */
export type Role = "user" | "assistant" | "system" | "tool";

/** A part of a message. */
export type MessagePart =
  | { type: "text" | "input_text" | "output_text"; text: string }
  | { type: "image_url"; image_url: string | { url: string } }
  | { type: "input_image"; image_url: string }
  | { type: "image"; source: { url: string } | { media_type: string; data: string } };

/** One message of a conversation. */
export interface Message {
  /** The part that the speaker plays; any other is `ROLE_UNKNOWN`. */
  role: Role | (string & {});
  /**
   * What was said: a text, or parts in OpenAI's or Anthropic's form. A language model says what is in pictures, and that is
   * remembered with a reference to each; without one the reference is.
   */
  content: string | MessagePart | MessagePart[];
  /** The speaker's name. Statements in the first person are kept together with it. */
  name?: string;
  /** When it was said, if not at the time of the options: an ISO 8601 text, a Date, seconds or milliseconds since 1970. */
  timestamp?: string | number | Date;
}
