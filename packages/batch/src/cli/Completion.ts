/**
 * Completion in a shell: Effect's scripts for commands and flags, and beside them files where a file is meant, and the ids of
 * the jobs where a job is.
 */
import type * as Command from "effect/cli/Command"
import * as Completions from "effect/cli/Completions"

const files: ReadonlySet<string> = new Set([
  "input",
  "file",
  "created",
  "rejects",
  "doubts",
  "report",
  "save",
  "format-file",
  "token-file",
  "emulator-properties"
])

const directories: ReadonlySet<string> = new Set(["state-dir"])

/** Flags and arguments are words to the parser, which does not touch the disk. */
const asPath = <D extends Completions.FlagDescriptor | Completions.ArgumentDescriptor>(descriptor: D): D => {
  const pathType = files.has(descriptor.name)
    ? "file"
    : directories.has(descriptor.name)
      ? "directory"
      : undefined
  return pathType === undefined || descriptor.type._tag !== "String"
    ? descriptor
    : { ...descriptor, type: { _tag: "Path", pathType } }
}

const withPaths = (descriptor: Completions.CommandDescriptor): Completions.CommandDescriptor => ({
  ...descriptor,
  flags: descriptor.flags.map(asPath),
  arguments: descriptor.arguments.map(asPath),
  subcommands: descriptor.subcommands.map(withPaths)
})

/** The commands whose first word is a job, or another command. */
const taking = ({ subcommands }: Completions.CommandDescriptor, name: string): string =>
  subcommands
    .filter((command) => command.arguments[0]?.name === name)
    .map((command) => command.name)
    .join("|")

/** Ids have no character that a shell reads otherwise. They are those of `--state-dir`, if the line has it, or of the user. */
const scripts: Readonly<Record<Completions.Shell, (jobs: string, commands: string, all: string) => string>> =
  {
    bash: (jobs, commands, all) => `
_line_items_words() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" dir="" i
  for ((i = 2; i < \${#COMP_WORDS[@]} - 1; i++)); do
    [[ "\${COMP_WORDS[i]}" == --state-dir ]] && dir="\${COMP_WORDS[i+1]}"
  done
  if (( COMP_CWORD == 2 )) && [[ "$cur" != -* ]]; then
    case "\${COMP_WORDS[1]}" in
      ${jobs})
        COMPREPLY=( $(compgen -W "$("\${COMP_WORDS[0]}" jobs --quiet \${dir:+--state-dir "$dir"} 2>/dev/null)" -- "$cur") )
        return ;;
      ${commands})
        COMPREPLY=( $(compgen -W '${all}' -- "$cur") )
        return ;;
    esac
  fi
  _line_items "$@"
}
complete -F _line_items_words line-items
`,
    zsh: (jobs, commands, all) => `
_line_items_words() {
  if (( CURRENT == 3 )) && [[ "$PREFIX" != -* ]]; then
    local at=\${words[(I)--state-dir]}
    local -a found
    case "$words[2]" in
      ${jobs})
        if (( at )); then
          found=(\${(f)"$("$words[1]" jobs --quiet --state-dir "$words[at+1]" 2>/dev/null)"})
        else
          found=(\${(f)"$("$words[1]" jobs --quiet 2>/dev/null)"})
        fi
        compadd -a found
        return ;;
      ${commands})
        compadd ${all}
        return ;;
    esac
  fi
  _line_items "$@"
}
compdef _line_items_words line-items
`,
    fish: (jobs, commands, all) => `
function __line_items_jobs
  set -l words (commandline -po)
  if set -l at (contains -i -- --state-dir $words)
    line-items jobs --quiet --state-dir $words[(math $at + 1)] 2>/dev/null
  else
    line-items jobs --quiet 2>/dev/null
  end
end
complete -c line-items -n '__fish_seen_subcommand_from ${jobs.replaceAll("|", " ")}; and test (count (commandline -poc)) -eq 2' -f -a '(__line_items_jobs)'
complete -c line-items -n '__fish_seen_subcommand_from ${commands}' -f -a '${all}'
`,
    powershell: () => ""
  }

/** The script for a shell. */
export const script = (command: Command.Command.Any, shell: Completions.Shell): string => {
  const descriptor = withPaths(Completions.fromCommand(command))
  const all = descriptor.subcommands.map(({ name }) => name).join(" ")
  return `${Completions.generate(descriptor.name, shell, descriptor)}\n${scripts[shell](taking(descriptor, "job"), taking(descriptor, "command"), all)}`
}
