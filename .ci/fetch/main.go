// Command fetch prints the folders of binaries of PostgreSQL versions, fetched as "--postgres npm:17" does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

func main() {
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	for _, version := range os.Args[1:] {
		dir, err := postgres.Fetch(context.Background(), postgres.Options{Log: say}, version)
		if err != nil {
			fmt.Fprintln(os.Stderr, "fetch:", err)
			os.Exit(1)
		}
		fmt.Println(dir)
	}
}
