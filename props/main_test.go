package props_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }

// opened is a target that the test closes.
func opened(t *testing.T, cfg props.Config) *props.Target {
	t.Helper()
	target, err := props.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	require.Closed(t, target)
	return target
}
