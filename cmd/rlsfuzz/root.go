package main

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// command is rlsfuzz with all its commands. Their help texts fit a terminal of screenWidth
// columns.
func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "rlsfuzz",
		Short: "Find tenant leaks in a Postgres schema that relies on row-level security",
		Long: `Find tenant leaks in a Postgres schema that relies on row-level security.

Exit status: 0 nothing found; 1 a finding, however the run ended; 2 wrong usage
or contract, or a case that cannot run; 3 the environment failed; 4 nothing
found, but something that the contract names was not tested; 130 interrupted
with nothing found.`,
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
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages", fmt.Sprintf("FlagUsagesWrapped %d", screenWidth)))
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
		c.PreRunE = func(cmd *cobra.Command, _ []string) error { return named(cmd.Flags()) }
	}
	return root
}

// noArgs refuses arguments where there is nothing to name.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q: it takes none here", args[0])
	}
	return nil
}

// named refuses flags that were given without a value: what was meant is not what holds
// without them. Names in a list lose the blanks around them, and empty ones go.
func named(flags *pflag.FlagSet) error {
	var empty error
	flags.Visit(func(f *pflag.Flag) {
		given := f.Value.String()
		if list, ok := f.Value.(pflag.SliceValue); ok {
			var names []string
			for _, name := range list.GetSlice() {
				if name = strings.TrimSpace(name); name != "" {
					names = append(names, name)
				}
			}
			given = strings.Join(names, ",")
			_ = list.Replace(names) // of texts: it takes any
		}
		if strings.TrimSpace(given) == "" && empty == nil {
			empty = usage(fmt.Errorf("--%s names nothing: is a variable in it not set? Give it a value, or leave it out", f.Name))
		}
	})
	return empty
}

// parsing finds the words with which Go's own parsers begin an error. The rest of it says
// what is wrong with a flag's value.
var parsing = regexp.MustCompile(`strconv\.\w+: parsing ".*": |time: `)

// version is what was built: a release, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}

// helpCommand is cobra's own, but for a command that there is not: it is wrong usage.
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

// known refuses the name of a command that there is not.
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
