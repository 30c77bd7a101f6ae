/**
 * The little of LangChain and Mastra that adapters extend. Their own declarations are installed only with their tests, which
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

declare module "@mastra/core/vector" {
  export abstract class MastraVector {
    constructor(options: { id: string });
    id: string;
  }
}

declare module "@mastra/core/storage" {
  export abstract class MemoryStorage {
    constructor();
    readonly supportsPartialThreadUpdate?: boolean;
    deleteMessages(messageIds: string[]): Promise<void>;
  }

  export class MastraCompositeStore {
    constructor(config: { id: string; name?: string; default?: any; domains?: any });
    id: string;
    getStore(name: string): Promise<any>;
  }
}
