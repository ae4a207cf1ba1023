package mutate_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/mutate"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/public"
)

// TestPublicScores weakens the schemas of the corpus that do not leak: of the mutants that are
// not equivalent, the reviewed contract kills at least 95 in 100.
func TestPublicScores(t *testing.T) {
	require.Long(t)
	var all []mutate.Result
	for i := range public.Schemas {
		p := &public.Schemas[i]
		t.Run(p.Name, func(t *testing.T) {
			dir, sources := p.Prepare(t)
			require.Postgres(t)
			init := props.InitConfig{Sources: sources, Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")}
			if _, err := props.Init(t.Context(), init); err != nil { // it writes the roles that a schema lacks
				t.Fatal(err)
			}
			target, err := props.Open(t.Context(), props.Config{Contract: p.Reviewed(t, dir), Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = target.Close() }()
			began := time.Now()
			results, err := mutate.Run(t.Context(), target, mutate.Config{Seed: 1})
			var leaks *mutate.LeaksError
			if errors.As(err, &leaks) && len(p.Leaks(t)) > 0 {
				t.Logf("%v", err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := mutate.Text(&out, results); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s\n%s", time.Since(began).Round(time.Second), &out)
			all = append(all, results...)
		})
	}
	score := mutate.ScoreOf(all)
	t.Logf("%d killed, %d survived, %d equivalent: %.1f %%", score.Killed, score.Survived, score.Equivalent, score.Rate())
	if score.Rate() < 95 {
		t.Errorf("%.1f %% were killed, want 95", score.Rate())
	}
}
