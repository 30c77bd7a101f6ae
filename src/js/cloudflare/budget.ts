/** How much an isolate may have loaded unless it is said otherwise, in bytes. Beside it there are the table, the code, the requests. */
export const BUDGET: number = 40 << 20;
