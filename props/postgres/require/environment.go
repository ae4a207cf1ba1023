package require

import (
	"os"
	"strconv"
	"testing"
)

// Number is a number above 0 that the environment may say.
func Number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, not a number above 0", name, text)
	}
	return n
}

// Corpus is the folder of public schemas. They are other people's and no part of this
// repository: without them the test is skipped, in CI too.
func Corpus(t testing.TB) string {
	t.Helper()
	root := os.Getenv("RLSFUZZ_CORPUS")
	if root == "" {
		t.Skip("needs the corpus of public schemas: RLSFUZZ_CORPUS names its folder")
	}
	return root
}

// IsLong reports whether tests that take minutes are wanted.
func IsLong() bool { return os.Getenv("RLSFUZZ_LONG") == "1" }

// Long skips a test that takes minutes, in CI too, unless it is wanted.
func Long(t testing.TB) {
	t.Helper()
	if !IsLong() {
		t.Skip("takes minutes: RLSFUZZ_LONG=1 runs it, as .ci/long does")
	}
}
