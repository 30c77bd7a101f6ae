/**
 * The little of LangChain that `edgemem/langchain` extends. Its own declarations are installed only with its tests, which
 * check that what is published fits them.
 */

declare module "@langchain/core/retrievers" {
  export abstract class BaseRetriever {
    constructor(fields?: any);
    lc_namespace: string[];
    invoke(input: string, options?: any): Promise<any[]>;
  }
}

declare module "@langchain/core/chat_history" {
  export abstract class BaseListChatMessageHistory {
    constructor(fields?: any);
    addUserMessage(message: string): Promise<void>;
    addAIMessage(message: string): Promise<void>;
  }
}

declare module "@langchain/core/documents" {
  export class Document {
    constructor(fields: { pageContent: string; metadata?: any; id?: string });
    pageContent: string;
    metadata: any;
    id?: string;
  }
}

declare module "@langchain/core/messages" {
  export class SystemMessage {
    constructor(content: any);
  }
  export class HumanMessage {
    constructor(content: any);
  }
  export function mapChatMessagesToStoredMessages(messages: any[]): any[];
  export function mapStoredMessagesToChatMessages(messages: any[]): any[];
}

declare module "@langchain/core/tools" {
  export function tool(run: (input: any) => Promise<any>, fields: { name: string; description: string; schema: any }): any;
}
