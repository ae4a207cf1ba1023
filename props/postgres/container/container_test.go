package container_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	_ "github.com/rlsfuzz/rlsfuzz/props/postgres/container"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// imageVariable names the image to test with. Defaults to the one that .ci/docker provides.
const imageVariable = "RLSFUZZ_TEST_IMAGE"

// childVariable makes the test binary start a container of that image and wait to be killed.
const childVariable = "RLSFUZZ_TEST_SERVE"

func TestMain(m *testing.M) {
	if name, ok := os.LookupEnv(childVariable); ok {
		_, err := postgres.Start(context.Background(), postgres.Options{Want: name})
		fmt.Printf("serving %q\n", fmt.Sprint(err))
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	require.Main(m)
}

// image is one that is there, so that nothing is pulled.
func image(t *testing.T) string {
	t.Helper()
	name := os.Getenv(imageVariable)
	if name == "" {
		name = "postgres:15-alpine"
	}
	out, err := exec.Command("docker", "image", "inspect", name).CombinedOutput()
	require.Need(t, "a Docker engine with the image "+name, err == nil,
		"run .ci/docker, and export TESTCONTAINERS_RYUK_DISABLED=true where no image can be pulled: "+strings.TrimSpace(string(out)))
	return name
}

// started is a container of an image. The reaper has an image of its own, which may have to be pulled.
func started(t *testing.T, name string) *postgres.Server {
	t.Helper()
	s, err := postgres.Start(t.Context(), postgres.Options{Want: name})
	require.Need(t, "the reaper's image", err == nil || !strings.Contains(err.Error(), ": new reaper: "),
		"let Docker pull it, or export TESTCONTAINERS_RYUK_DISABLED=true")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// containers lists ours.
func containers(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("docker", "ps", "-aq", "--filter", "label=rlsfuzz.run").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestContainer(t *testing.T) {
	name := image(t)
	before := containers(t)
	s := started(t, name)
	defer s.Close()
	if !strings.HasSuffix(s.Describe(), "container of "+name) || !s.Owned() || s.PID() != 0 || s.Superuser() != "postgres" {
		t.Errorf("%q, owned %v, pid %d, superuser %q", s.Describe(), s.Owned(), s.PID(), s.Superuser())
	}
	if v := s.Version() / 10000; v < 15 || v > 18 {
		t.Errorf("version %d", s.Version())
	}
	database, err := s.CreateDatabase(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.Connect(t.Context(), database, "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var encoding, fsync string
	err = conn.QueryRow(t.Context(), `SELECT current_setting('server_encoding'), current_setting('fsync')`).Scan(&encoding, &fsync)
	if err != nil || encoding != "UTF8" || fsync != "off" {
		t.Errorf("encoding %s, fsync %s, %v", encoding, fsync, err)
	}
	if _, err := conn.Exec(t.Context(), `CREATE ROLE member LOGIN PASSWORD 'secret'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Connect(t.Context(), database, "member"); err == nil {
		t.Error("a role logged in without its password")
	}
	s.SetPassword("member", "secret")
	member, err := s.Connect(t.Context(), database, "member")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(member.Close(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	if after := containers(t); after != before {
		t.Errorf("containers left: %q, before: %q", after, before)
	}
}

// Where there is no engine, that is what the error says.
func TestUnknownImage(t *testing.T) {
	_, err := postgres.Start(t.Context(), postgres.Options{Want: "rlsfuzz.invalid/no/such:image"})
	var known *postgres.Unavailable
	if !errors.As(err, &known) || !strings.Contains(err.Error(), "tried image rlsfuzz.invalid/no/such:image: ") || len(known.Remedy) == 0 {
		t.Errorf("got %v", err)
	}
}

// serve starts a process that serves and returns what it says of its start.
func serve(t *testing.T, name string, env ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childVariable+"="+name), env...)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return cmd, line
}

// Without the reaper, what a killed run left goes with the next start.
func TestKilled(t *testing.T) {
	name := image(t)
	cmd, line := serve(t, name, "TESTCONTAINERS_RYUK_DISABLED=true")
	if line != "serving \"<nil>\"\n" || containers(t) == "" {
		t.Fatalf("the child serves nothing, it says %s", line)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	s := started(t, name)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if after := containers(t); after != "" {
		t.Errorf("containers left: %q", after)
	}
}
