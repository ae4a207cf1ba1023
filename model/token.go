package model

// TokenPrefix begins every canary: a token that stands in one row and nowhere else.
const TokenPrefix = "zq7"

// TokenLength is the length of a canary in bytes.
const TokenLength = 11
