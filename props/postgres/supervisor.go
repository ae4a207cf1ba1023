package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// watch is what the supervisor runs. Each line on its input is the process id of the postmaster, an
// empty one means that there is nothing left to do. When the input ends, because we closed it or
// because we died in whatever way, the server is stopped and its folder removed. A server's last act is to remove
// postmaster.pid; its process may stay on as a zombie if nobody reaps it.
const watch = `trap '' HUP INT QUIT TERM
pid=
while read -r line; do pid=$line; done
[ -n "$pid" ] || exit 0
if [ "$pid" != none ]; then
  kill -QUIT "$pid" 2>/dev/null
  n=0
  while [ -e "$1/data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 20 ]; do sleep 0.1; n=$((n+1)); done
  kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$1" "$1.lock"
`

// supervisor is a shell process in a session of its own that outlives us by a moment. It works from a command
// as from anybody's test binary, since it needs nothing of ours but a pipe.
type supervisor struct {
	shell *exec.Cmd
	pipe  *os.File
}

// supervise starts the supervisor of a folder, before the server that will run in it.
func supervise(dir string) (*supervisor, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make the supervisor's pipe: %w", err)
	}
	defer read.Close()
	shell := exec.Command("/bin/sh", "-c", watch, "rlsfuzz-supervisor", dir)
	shell.Stdin, shell.Dir, shell.Env = read, "/", []string{"PATH=/usr/bin:/bin"}
	detach(shell, account{})
	if err := shell.Start(); err != nil {
		return nil, fmt.Errorf("start the supervisor: %w", err)
	}
	s := &supervisor{shell, write}
	s.tell("none")
	return s, nil
}

// tell gives the supervisor the process id to stop.
func (s *supervisor) tell(pid string) {
	_, _ = s.pipe.WriteString(strings.TrimSpace(pid) + "\n") // a dead supervisor: the next Start cleans up
}

// dismiss ends the supervisor, which then touches nothing.
func (s *supervisor) dismiss() {
	s.tell("")
	_ = s.pipe.Close()
	_ = s.shell.Wait() // its exit status says nothing
}
