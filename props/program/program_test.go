package program_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/program"
)

func sh(t *testing.T, script string, change func(*program.Command)) *program.Run {
	t.Helper()
	c := &program.Command{Args: []string{"sh", "-c", script}, Home: t.TempDir(), Limits: program.Limits{Time: 10 * time.Second}}
	if change != nil {
		change(c)
	}
	r, err := c.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// zipped is an archive of a.csv.
var zipped = func() string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("a.csv")
	if err == nil {
		_, err = f.Write([]byte("id\n7\n"))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}()

func TestReads(t *testing.T) {
	for _, c := range []struct {
		name, script string
		output       []string
		convert      [][2]string
		want         []program.Part
	}{
		{name: "lines", script: "echo b; echo; echo a", want: []program.Part{{Name: "stdout", Rows: [][]string{{"b"}, {"a"}}}}},
		{
			name: "csv", script: `printf 'id,name\n1,"a\nb"\n' > out/x.csv`, output: []string{"out/x.csv"},
			want: []program.Part{{Name: "out/x.csv", Rows: [][]string{{"id", "name"}, {"1", "a\nb"}}, Head: true}},
		},
		{
			name: "json", script: `echo '{"b": [{"y": 1, "x": 2}], "a": 12345678901234567890}'`,
			want: []program.Part{{Name: "stdout", Rows: [][]string{{`a: 12345678901234567890`}, {`b: {"x":2,"y":1}`}}}},
		},
		{name: "lines of json", script: `echo '{"a": 1}'; echo '{"a": 2}'`, want: []program.Part{{Name: "stdout", Rows: [][]string{{`{"a": 1}`}, {`{"a": 2}`}}}}},
		{name: "gzip", script: `printf 'id\n7\n' | gzip -n > x.csv.gz`, want: []program.Part{{Name: "x.csv", Rows: [][]string{{"id"}, {"7"}}, Head: true}}},
		{
			name: "zip", script: `echo ` + zipped + ` | base64 -d > x.zip`,
			want: []program.Part{{Name: "x.zip/a.csv", Rows: [][]string{{"id"}, {"7"}}, Head: true}},
		},
		{name: "empty file", script: `: > x.csv`, want: []program.Part{{Name: "x.csv"}}},
		{
			name: "filter", script: `printf '\001\002' > x.pdf`, convert: [][2]string{{"pdf", "od -An -tx1 | tr -d ' '"}},
			want: []program.Part{{Name: "x.pdf", Rows: [][]string{{"0102"}}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sh(t, c.script, func(p *program.Command) { p.Output, p.Convert = c.output, c.convert })
			if diff := cmp.Diff(c.want, r.Parts); diff != "" || r.Untested != "" || r.Exit != 0 {
				t.Errorf("untested %q, exit %d, -want +got:\n%s", r.Untested, r.Exit, diff)
			}
		})
	}
}

func TestUntested(t *testing.T) {
	for _, c := range []struct {
		name, script, want string
		change             func(*program.Command)
	}{
		{name: "missing", want: "it cannot be started: nope", change: func(p *program.Command) { p.Args = []string{"./nope"} }},
		{name: "hangs", script: "sleep 60 & wait", want: "it did not end within 300ms", change: func(p *program.Command) { p.Limits.Time = 300 * time.Millisecond }},
		{name: "floods stdout", script: "yes", want: "it wrote more than 64 KiB", change: func(p *program.Command) { p.Limits.Bytes = 64 << 10 }},
		{name: "floods a file", script: "yes > x", want: "it wrote more than 64 KiB", change: func(p *program.Command) { p.Limits.Bytes = 64 << 10 }},
		{name: "binary", script: `printf '\000\001' > x.pdf`, want: "x.pdf is binary"},
		{name: "filter fails", script: `echo a > x.pdf`, want: "its filter failed: no pdf", change: func(p *program.Command) {
			p.Convert = [][2]string{{"pdf", "echo no pdf >&2; exit 1"}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := sh(t, c.script, c.change); !strings.Contains(r.Untested, c.want) {
				t.Errorf("untested %q, want %q", r.Untested, c.want)
			}
		})
	}
}

// TestGroup ends what a program leaves in the background, whether it ends by itself or not.
func TestGroup(t *testing.T) {
	for name, script := range map[string]string{"ends": "sleep 60 >/dev/null 2>&1 & echo $! > \"$KEEP\"", "hangs": "sleep 60 & echo $! > \"$KEEP\"; wait"} {
		t.Run(name, func(t *testing.T) {
			keep := filepath.Join(t.TempDir(), "pid")
			sh(t, script, func(p *program.Command) {
				p.Env, p.Limits.Time = []string{"KEEP=" + keep}, 500*time.Millisecond
			})
			text, err := os.ReadFile(keep)
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(5 * time.Second); living(pid); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("a process of the group still runs")
				}
			}
		})
	}
}

// living reports whether a process runs; one that nobody has waited for yet is dead.
func living(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

// TestEnvironment hands over what is given, and no connection of this process.
func TestEnvironment(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://elsewhere")
	t.Setenv("PGHOST", "elsewhere")
	r := sh(t, `echo "$DATABASE_URL|$PGHOST|$TENANT"; echo "hidden s3cret9" >&2; exit 3`, func(p *program.Command) {
		p.Env, p.Secret = []string{"TENANT=7"}, "s3cret9"
	})
	want := &program.Run{Exit: 3, How: "exit status 3", Parts: []program.Part{{Name: "stdout", Rows: [][]string{{"||7"}}}}, Errs: []string{"hidden ***"}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}
