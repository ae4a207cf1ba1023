//go:build linux || darwin || freebsd

package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/session"
)

// leaky is a schema in which each of three tables has a leak with a cause of its own.
const leaky = `CREATE ROLE leaky_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE a (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, note text);
CREATE TABLE b (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, note text);
CREATE TABLE c (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, note text);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; CREATE POLICY f ON firms USING (id = nullif(current_setting('app.firm', true), '')::int);
ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON a USING (true);
ALTER TABLE b ENABLE ROW LEVEL SECURITY; CREATE POLICY b ON b FOR DELETE USING (true);
CREATE POLICY bs ON b FOR SELECT USING (firm_id = nullif(current_setting('app.firm', true), '')::int);
ALTER TABLE c ENABLE ROW LEVEL SECURITY; CREATE POLICY c ON c FOR INSERT WITH CHECK (true);
CREATE POLICY cs ON c FOR SELECT USING (firm_id = nullif(current_setting('app.firm', true), '')::int);
GRANT SELECT ON firms TO leaky_app; GRANT SELECT, INSERT, UPDATE, DELETE ON a, b, c TO leaky_app;
`

const leakyContract = `schema: [schema.sql]
tenant: {table: firms, key: id}
tables: {a: {tenant: firm_id}, b: {tenant: firm_id}, c: {tenant: firm_id}}
sessions:
  clerk:
    login: leaky_app
    settings: {app.firm: $tenant}
    sees: {"*": own}
    writes: {"*": none, a: {insert: own, update: own, delete: own}, b: {delete: own}, c: {insert: own}}
`

// leakyFindings is how many findings a session of it has.
const leakyFindings = 3

// faults is a folder in which sessions are killed.
type faults struct {
	dir  string
	out  string // of the present session
	outs int
	rng  *rand.Rand
	told map[string]bool // folders of findings that the present session announced
}

func newFaults(t *testing.T) *faults {
	t.Helper()
	server := require.Postgres(t)
	require.Need(t, "a server of its own", server.PID() != 0, "set RLSFUZZ_POSTGRES to a folder of binaries")
	f := &faults{dir: t.TempDir(), rng: rand.New(rand.NewPCG(1, 2))}
	for name, text := range map[string]string{"schema.sql": leaky, "rlsfuzz.yaml": leakyContract} {
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.anew()
	return f
}

// anew begins another session.
func (f *faults) anew() {
	f.outs++
	f.out, f.told = "out"+strconv.Itoa(f.outs), map[string]bool{}
}

// program is the command with some arguments.
func (f *faults) program(t *testing.T, args ...string) (*exec.Cmd, *transcript) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var said transcript
	cmd := exec.Command(self)
	cmd.Args = append([]string{"rlsfuzz"}, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = f.dir, &said, &said
	return cmd, &said
}

// start begins or resumes the present session.
func (f *faults) start(t *testing.T, more ...string) (*exec.Cmd, *transcript) {
	t.Helper()
	cmd, said := f.program(t, append([]string{"fuzz", "--out", f.out, "--resume", "--seed", "5", "--workers", "2"}, more...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, said
}

// someTime is up to a little longer than a session takes to find all, most often less.
func (f *faults) someTime() time.Duration {
	return time.Duration(f.rng.Float64() * f.rng.Float64() * float64(12*time.Second))
}

// announcement is a whole line.
var announcement = regexp.MustCompile(`(?m)^found: .* (\S+/findings/[0-9a-f]{12})\n`)

// hold looks at what a session left: every finding that it announced is there, whole, and
// its state can be read.
func (f *faults) hold(t *testing.T, said *transcript) {
	t.Helper()
	for _, m := range announcement.FindAllStringSubmatch(said.String(), -1) {
		f.told[m[1]] = true
	}
	for dir := range f.told {
		k, err := props.ReadCase(filepath.Join(f.dir, dir))
		if err != nil {
			t.Errorf("announced, but not whole: %v", err)
			continue
		}
		if k.Found == nil || k.Found.Key != filepath.Base(dir) {
			t.Errorf("%s is about another finding: %+v", dir, k.Found)
		}
		for _, name := range []string{"README.md", "repro.sql"} {
			if info, err := os.Stat(filepath.Join(f.dir, dir, name)); err != nil || info.Size() == 0 {
				t.Errorf("announced, but not whole: %s/%s: %v", dir, name, err)
			}
		}
	}
	if _, err := session.ReadStats(filepath.Join(f.dir, f.out)); err != nil {
		t.Error(err)
	}
	events, err := session.ReadEvents(filepath.Join(f.dir, f.out))
	if err != nil {
		t.Error(err)
	}
	found := map[string]bool{}
	for i := range events {
		found[events[i].Dir] = true
	}
	for dir := range f.told {
		if !found[dir] {
			t.Errorf("%s was announced, but is no event", dir)
		}
	}
}

// replayed runs all that was announced, and looks whether it leaks.
func (f *faults) replayed(t *testing.T) {
	t.Helper()
	if len(f.told) == 0 {
		return
	}
	cmd, said := f.program(t, "replay", "--all", f.out)
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != statusFound || !strings.Contains(said.String(), "0 fixed, 0 cannot run") {
		t.Errorf("replay: %v\n%s", err, said)
	}
	for dir := range f.told {
		if !strings.Contains(said.String(), dir+": still leaks") {
			t.Errorf("%s does not leak:\n%s", dir, said)
		}
	}
}

// gone waits until servers have ended.
func gone(t *testing.T, servers []int) {
	t.Helper()
	if !endsBefore(servers, time.Now().Add(20*time.Second)) {
		t.Fatal("a server lives on")
	}
}

// TestKilled kills sessions at random moments, each time the one that goes on where the
// last one was killed. RLSFUZZ_KILLS says how often.
func TestKilled(t *testing.T) {
	f := newFaults(t)
	resumed := 0
	for n := range require.Number(t, "RLSFUZZ_KILLS", 5) {
		cmd, said := f.start(t)
		time.Sleep(f.someTime())
		servers := children(cmd.Process.Pid, "postgres")
		_ = cmd.Process.Kill()
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != -1 {
			t.Fatalf("kill %d: it ended before: %v\n%s", n, err, said)
		}
		gone(t, servers)
		f.hold(t, said)
		if strings.Contains(said.String(), "going on at check") {
			resumed++
		}
		if len(f.told) == leakyFindings {
			f.replayed(t)
			f.anew()
		}
	}
	cmd, said := f.start(t, "--checks", "500")
	if got := exitCode(cmd.Wait()); got != statusFound {
		t.Errorf("the last one ended with status %d\n%s", got, said)
	}
	f.hold(t, said)
	f.replayed(t)
	t.Logf("%d sessions, %d of the killed ones had gone on with another", f.outs, resumed)
}

// TestServerKilled kills the server of a session at random moments. RLSFUZZ_SERVER_KILLS
// says how often.
func TestServerKilled(t *testing.T) {
	f := newFaults(t)
	cmd, said := f.start(t)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var servers []int
	for n := range require.Number(t, "RLSFUZZ_SERVER_KILLS", 3) {
		time.Sleep(200*time.Millisecond + f.someTime()/4)
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			list := slices.DeleteFunc(children(cmd.Process.Pid, "postgres"), func(pid int) bool { return slices.Contains(servers, pid) })
			if len(list) == 1 {
				servers = append(servers, list[0])
				_ = syscall.Kill(list[0], syscall.SIGKILL)
				break
			}
			select {
			case err := <-ended:
				t.Fatalf("kill %d: it ended: %v\n%s", n, err, said)
			default:
			}
			if time.Now().After(deadline) {
				_ = cmd.Process.Kill()
				t.Fatalf("kill %d: no server was started\n%s", n, said)
			}
		}
	}
	for deadline := time.Now().Add(2 * time.Minute); len(announcement.FindAllString(said.String(), -1)) < leakyFindings && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	servers = append(servers, children(cmd.Process.Pid, "postgres")...)
	_ = cmd.Process.Signal(os.Interrupt)
	if got := exitCode(<-ended); got != statusFound {
		t.Errorf("status %d", got)
	}
	gone(t, servers)
	f.hold(t, said)
	f.replayed(t)
	if len(f.told) != leakyFindings || strings.Contains(said.String(), "unconfirmed") {
		t.Errorf("%d findings, want %d:\n%s", len(f.told), leakyFindings, said)
	}
}

// TestFullDisk fills the disk of a session up to some bytes: what it announces is
// whole, in its folder or on the terminal, it says what is wrong and goes on; and with room
// again, another session goes on and has all of it.
func TestFullDisk(t *testing.T) {
	require.Long(t) // the script unsaved fills the disk of a check
	require.Need(t, "the right to mount a file system", mounts(t), "run it as root, in a container of its own")
	f := newFaults(t)
	for _, left := range []int{0, 24 << 10, 48 << 10} { // for nothing; for the state; for a finding
		f.anew()
		small := filepath.Join(f.dir, f.out)
		mount(t, small)
		fill(t, small, left)
		said := f.until(t, "--checks", "100")
		f.whole(t, said, strings.Count(said.String(), "NOT SAVED: "))
		if n := strings.Count(said.String(), "no space left on device; going on, and trying again"); n == 0 && left < 48<<10 {
			t.Errorf("%d bytes left: it does not say so:\n%s", left, said)
		}
		if err := os.Remove(filepath.Join(small, filler)); err != nil {
			t.Fatal(err)
		}
		said = f.until(t, "--checks", "200")
		f.whole(t, said, 0)
		saved, _ := filepath.Glob(filepath.Join(small, "findings", "*"))
		for _, dir := range saved {
			if _, err := props.ReadCase(dir); err != nil {
				t.Error(err)
			}
		}
		if len(saved) != leakyFindings {
			t.Errorf("%d bytes left, and room again: %d findings are saved, want %d:\n%s", left, len(saved), leakyFindings, said)
		}
	}
}

// until runs the present session to its end, which finds something.
func (f *faults) until(t *testing.T, args ...string) *transcript {
	t.Helper()
	cmd, said := f.start(t, args...)
	if got := exitCode(cmd.Wait()); got != statusFound {
		t.Errorf("status %d:\n%s", got, said)
	}
	return said
}

// whole holds what a session left that could not save some of its findings: these it tells
// from their first line to their last.
func (f *faults) whole(t *testing.T, said *transcript, unsaved int) {
	t.Helper()
	f.hold(t, said)
	text := said.String()
	if got := strings.Count(text, "NOT SAVED: "); got != unsaved {
		t.Errorf("%d findings were not saved, want %d:\n%s", got, unsaved, said)
	}
	if strings.Count(text, "\nsteps:\n") != unsaved || strings.Count(text, "\n# end\n") != unsaved {
		t.Errorf("a finding that is nowhere else is not told whole:\n%s", said)
	}
	if len(announcement.FindAllString(text, -1))+unsaved == 0 {
		t.Errorf("nothing was announced:\n%s", said)
	}
}

// filler is the file that fills a disk.
const filler = "filler"

// mount makes a folder a file system of 1 MB.
func mount(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// fill leaves so many bytes of a file system.
func fill(t *testing.T, dir string, left int) {
	t.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filler), make([]byte, int(fs.Bavail)*int(fs.Bsize)-left), 0o600); err != nil {
		t.Fatal(err)
	}
}

func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}
