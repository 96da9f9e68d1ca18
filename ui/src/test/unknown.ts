// The requests of a test that nobody has answered.
export const unknown: string[] = [];
