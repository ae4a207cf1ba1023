package dump_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/rlsfuzz/rlsfuzz/props/dump"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestReadFile reads text in whatever wrapping, and says of other files what to do.
func TestReadFile(t *testing.T) {
	const text = "SELECT 'ä 😀';\n"
	for _, k := range []struct{ name, src, want, err string }{
		{name: "plain", src: text, want: text},
		{name: "empty"},
		{name: "gzip", src: packed(t, text), want: text},
		{name: "UTF-16, little end first", src: "\xff\xfe" + wide(text, binary.LittleEndian), want: text},
		{name: "UTF-16, big end first", src: "\xfe\xff" + wide(text, binary.BigEndian), want: text},
		{name: "half a character", src: "\xff\xfeab1", err: "iconv -f UTF-16 -t UTF-8"},
		{name: "half of gzip", src: packed(t, text)[:20], err: "gzip -t"},
		{name: "zstd", src: "\x28\xb5\x2f\xfdx", err: "it is packed (zstd), and no SQL file\n  remedy: unpack it (zstd -d)"},
		{name: "zip", src: "PK\x03\x04x", err: "unpack it (unzip)"},
		{name: "an archive of the future", src: "PGDMP\xff\xff\xff", err: "pg_restore --file=schema.sql"},
	} {
		t.Run(k.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.sql")
			if err := os.WriteFile(path, []byte(k.src), 0o600); err != nil {
				t.Fatal(err)
			}
			r := &dump.Reader{Context: context.Background()}
			got, err := r.ReadFile(path)
			var said *dump.FileError
			switch {
			case k.err == "" && (err != nil || string(got) != k.want):
				t.Errorf("%q, %v, want %q", got, err, k.want)
			case k.err != "" && (!errors.As(err, &said) || !strings.Contains(err.Error(), k.err) || !strings.Contains(err.Error(), "s.sql")):
				t.Errorf("%v, want a *FileError …%s…", err, k.err)
			}
		})
	}
}

// TestReadArchive reads what pg_dump writes in each of its formats.
func TestReadArchive(t *testing.T) {
	server, ctx, dir := require.Postgres(t), context.Background(), t.TempDir()
	program := require.PGDump(t, server)
	name, err := server.CreateDatabase(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.DropDatabase(ctx, name) })
	conn, err := server.Connect(ctx, name, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "CREATE TABLE archived (id int)"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for format, file := range map[string]string{"custom": "c.dump", "tar": "t.tar", "directory": "d"} {
		out, err := exec.Command(program, "--format="+format, "--file="+filepath.Join(dir, file), "--dbname="+server.URL(name, "")).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	src, err := os.ReadFile(filepath.Join(dir, "c.dump"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.dump.gz"), []byte(packed(t, string(src))), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"c.dump", "t.tar", "d", "c.dump.gz"} {
		r := &dump.Reader{Context: ctx}
		got, err := r.ReadFile(filepath.Join(dir, file))
		if err != nil || !strings.Contains(string(got), "CREATE TABLE public.archived") || len(r.Notes) != 1 {
			t.Errorf("%s: %q, %v, notes %q", file, got, err, r.Notes)
		}
	}
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wide(text string, order binary.ByteOrder) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, 0, 0)
		order.PutUint16(out[len(out)-2:], u)
	}
	return string(out)
}
