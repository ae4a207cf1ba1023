package run

import (
	"fmt"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestSession runs more statements than a connection keeps, and lists in which one fails:
// in execution, or before that where statements are prepared.
func TestSession(t *testing.T) {
	server := require.Postgres(t)
	for _, keeps := range []bool{false, true} {
		conn, err := server.Connect(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
		s := &session{conn: conn}
		if keeps {
			s.kept = map[string]string{}
		}
		for i := range mostKept + 10 {
			text := fmt.Sprintf("SELECT %d", i)
			rows, _, err := s.exec(t.Context(), text, nil)
			if err != nil || len(rows) != 1 || "SELECT "+rows[0][0].Text != text {
				t.Fatalf("keeps %t: %s: %v, %v", keeps, text, rows, err)
			}
		}
		if keeps && len(s.kept) != 10 {
			t.Errorf("it keeps %d statements", len(s.kept))
		}
		for _, wrong := range []string{"SELECT nothing", "SELECT 1 / 0"} {
			done, err := s.all(t.Context(), []statement{{text: "SELECT 1"}, {text: "SELECT 2"}, {text: wrong}, {text: "SELECT 3"}})
			if err == nil || len(done) != 2 {
				t.Errorf("keeps %t, %s: answers %v, error %v", keeps, wrong, done, err)
			}
		}
	}
}
