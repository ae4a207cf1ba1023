package inventory_test

import (
	"os"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/inventory"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }

// open loads a contract, with SQL after its schema.
func open(t *testing.T, contract string, apply ...string) *props.Target {
	t.Helper()
	require.Postgres(t) // or skip
	target, err := props.Open(t.Context(), props.Config{
		Contract: contract, Apply: apply, Postgres: os.Getenv("RLSFUZZ_POSTGRES"), AllowAnyServer: os.Getenv("RLSFUZZ_POSTGRES_ANY") == "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	require.Closed(t, target)
	return target
}

// list is the inventory of a target, and its ways by ID.
func list(t *testing.T, target *props.Target, dir string, statements ...inventory.Statement) (*inventory.Inventory, map[string]*inventory.Way) {
	t.Helper()
	v, err := target.Inventory(dir, statements)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]*inventory.Way{}
	for i := range v.Ways {
		byID[v.Ways[i].ID] = &v.Ways[i]
	}
	return v, byID
}
