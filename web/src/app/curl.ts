/** curlOf is the command that asks for an address, with a key from the environment. */
export const curlOf = (address: string): string => `curl -H "X-API-Key: $KEY" '${address.replaceAll("'", '%27')}'`;
