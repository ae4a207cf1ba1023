//go:build linux || darwin || freebsd

package postgres_test

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestWant(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll("pg/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ value, want string }{
		{"", "auto auto"},
		{"auto", "auto auto"},
		{"postgres://u:p@h:5/d?password=p#p", "given postgres://u@h:5/d"},
		{"postgresql://h/d", "given postgresql://h/d"},
		{"/usr/lib/postgresql/15/bin", "folder /usr/lib/postgresql/15/bin"},
		{"./pg", "folder ./pg"},
		{"pg/bin", "folder pg/bin"},
		{"~/pg/bin", "folder ~/pg/bin"},
		{"npm:17", "fetched npm:17"},
		{"fetch:17.5", "fetched npm:17.5"},
		{"postgres:17", "image postgres:17"},
		{"postgres", "image postgres"},
		{"supabase/postgres:15.8.1.060", "image supabase/postgres:15.8.1.060"},
		{"images.example:5000/postgres:17", "image images.example:5000/postgres:17"},
		{"npm:", "error"},
		{"npm:latest", "error"},
		{"mysql://h", "error"},
		{"host=h dbname=d password=p", "error"},
	}
	for _, test := range tests {
		got, err := postgres.WantKind(test.value)
		if err != nil {
			got = "error"
		}
		if got != test.want {
			t.Errorf("%q is %q, want %q (%v)", test.value, got, test.want, err)
		}
	}
}

// TestBinariesOf finds folders of server programs as Start does, and no others.
func TestBinariesOf(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Chdir(home)
	for _, dir := range []string{"pg/bin", "auto/bin", "postgres/bin", "bin", "npm:17/bin", "half/bin"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"postgres", "initdb"} {
			if dir == "half/bin" && name == "initdb" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	bin := filepath.Join(home, "pg/bin")
	for _, test := range []struct{ value, want string }{
		{bin, bin},
		{filepath.Join(home, "pg"), bin},
		{"~/pg", bin},
		{"~/pg/bin", bin},
		{"./pg", bin},
		{"./half", ""},
		{"./none", ""},
		{"", ""},
		{"auto", ""},
		{"postgres", ""},
		{"npm:17", ""},
		{"postgres://h/d", ""},
		{"mysql://h", ""},
	} {
		if got := postgres.BinariesOf(test.value); got != test.want {
			t.Errorf("of %q: %q, want %q", test.value, got, test.want)
		}
	}
}

func TestNewest(t *testing.T) {
	releases := []string{"16.4.0-beta.14", "17.2.0-beta.15", "17.10.0-beta.16", "17.10.0-beta.9", "17.9.0-beta.17", "18.0.0-alpha.1", "1.7.0"}
	tests := []struct{ version, want string }{
		{"17", "17.10.0-beta.16"},
		{"17.9", "17.9.0-beta.17"},
		{"17.1", ""},
		{"17.10.0-beta.9", "17.10.0-beta.9"},
		{"18", ""},
		{"1", "1.7.0"},
	}
	for _, test := range tests {
		if got, ok := postgres.Newest(releases, test.version); got != test.want || ok != (test.want != "") {
			t.Errorf("newest of %s is %q, %v; want %q", test.version, got, ok, test.want)
		}
	}
}

func TestUnpack(t *testing.T) {
	pack := func(t *testing.T, files map[string]string) string {
		path := filepath.Join(t.TempDir(), "x.tgz")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		zipped := gzip.NewWriter(file)
		defer zipped.Close()
		archive := tar.NewWriter(zipped)
		defer archive.Close()
		for name, text := range files {
			if err := archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o700, Typeflag: tar.TypeReg}); err != nil {
				t.Fatal(err)
			}
			if _, err := archive.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	t.Run("links", func(t *testing.T) {
		dir := t.TempDir()
		archive := pack(t, map[string]string{
			"package/native/lib/libx.so.1.2":  "library",
			"package/native/pg-symlinks.json": `[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so"}]`,
		})
		if err := postgres.Unpack(archive, dir); err != nil {
			t.Fatal(err)
		}
		if err := postgres.Relink(filepath.Join(dir, "package")); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "package/native/lib/libx.so"))
		if err != nil || string(text) != "library" {
			t.Errorf("the link leads to %q, %v", text, err)
		}
		info, err := os.Stat(filepath.Join(dir, "package/native/lib/libx.so.1.2"))
		if err != nil || info.Mode().Perm()&0o044 != 0o044 {
			t.Errorf("others cannot read it: %v, %v", info.Mode(), err)
		}
	})
	for _, name := range []string{"../outside", "/outside", "package/../../outside"} {
		t.Run("refuses "+name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "in")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := postgres.Unpack(pack(t, map[string]string{name: "x"}), dir); err == nil {
				t.Error("it was unpacked")
			}
			if !missing(filepath.Join(filepath.Dir(dir), "outside")) {
				t.Error("a file lies outside the folder")
			}
		})
	}
}

func TestFetched(t *testing.T) {
	_, err := exec.LookPath("npm")
	require.Need(t, "npm", err == nil, "install npm and let it reach a registry")
	for _, test := range []struct{ version, release string }{{"16", "PostgreSQL 16."}, {"17", "PostgreSQL 17."}, {"18", "PostgreSQL 18."}} {
		t.Run(test.version, func(t *testing.T) {
			s := start(t, postgres.Options{Want: "npm:" + test.version, Log: t.Logf})
			if !strings.HasPrefix(s.Describe(), test.release) {
				t.Errorf("it is %s", s.Describe())
			}
			if got := ask(t, s, "", "", `SELECT current_setting('data_checksums')`); got != "off" {
				t.Errorf("data checksums are %s", got)
			}
			name, err := s.CreateDatabase(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(t, s, name, "", `SELECT lower('ÄÖÜ')`); got != "äöü" {
				t.Errorf("lower gives %q", got)
			}
		})
	}
}

func TestFetchedRefused(t *testing.T) {
	t.Run("unsupported", func(t *testing.T) {
		_, err := postgres.Start(t.Context(), postgres.Options{Want: "npm:14", CacheDir: t.TempDir()})
		checkUnavailable(t, err, "PostgreSQL 14 is not supported: rlsfuzz works with 15 to 18")
	})
	t.Run("no npm", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := postgres.Start(t.Context(), postgres.Options{Want: "npm:17", CacheDir: t.TempDir()})
		checkUnavailable(t, err, "npm is not on PATH")
	})
	t.Run("no containers", func(t *testing.T) {
		_, err := postgres.Start(t.Context(), postgres.Options{Want: "postgres:17"})
		checkUnavailable(t, err, "does not import props/postgres/container")
	})
}
