package dump_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }
