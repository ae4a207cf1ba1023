package main

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "rlsfuzz",
		Short:         "Find tenant leaks in a Postgres schema that relies on row-level security",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          known,
		Version:       version(),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%s; see %s --help", parsing.ReplaceAllString(err.Error(), ""), cmd.CommandPath()))
	})
	root.SetHelpCommand(helpCommand())
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(demoCommand(), initCommand(), pathsCommand(), checkCommand(), fuzzCommand(), replayCommand(), mutateCommand(), reportCommand(), cleanCommand())
	for _, c := range append(root.Commands(), root) {
		if args := c.Args; args != nil {
			c.Args = func(cmd *cobra.Command, list []string) error {
				if err := args(cmd, list); err != nil {
					return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
				}
				return nil
			}
		}
	}
	return root
}

// parsing is the words of Go's own parsers in their errors.
var parsing = regexp.MustCompile(`strconv\.\w+: parsing ".*": |time: `)

// version is what was built: a release, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}

// helpCommand tells of one command, or of all.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Root().Help()
			}
			for _, c := range cmd.Root().Commands() {
				if c.Name() == args[0] {
					c.InitDefaultHelpFlag()
					return c.Help()
				}
			}
			return usage(known(cmd.Root(), args))
		},
	}
}

// known refuses a command that is none.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	names := []string{}
	for _, c := range cmd.Commands() {
		if !c.Hidden && c.Name() != "help" {
			names = append(names, c.Name())
		}
	}
	return fmt.Errorf("there is no command %q: it is one of %s", args[0], strings.Join(names, ", "))
}
