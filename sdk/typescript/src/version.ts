// The version of this package: what package.json says (tests/words.test.ts compares).
export const version = "0.1.0";
