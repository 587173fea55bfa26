package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newCompletion(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a completion script for a shell",
		Long:  "Print a script that makes a shell complete the commands and flags of bakfs.",
		Example: `  bakfs completion bash > ~/.local/share/bash-completion/completions/bakfs
  bakfs completion zsh > "${fpath[1]}/_bakfs"
  bakfs completion fish > ~/.config/fish/completions/bakfs.fish`,
		Args:      arguments(1, 1, "the shell"),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.out, true)
			case "zsh":
				return root.GenZshCompletion(p.out)
			case "fish":
				return root.GenFishCompletion(p.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(p.out)
			}
			return fail(exitUsage, fmt.Errorf("there is no completion for %s", quote(args[0])), "bash, zsh, fish or powershell")
		},
	}
}
