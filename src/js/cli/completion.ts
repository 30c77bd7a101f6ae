/** Completion scripts for shells, made from the description of the commands. */

import type { Argument, Command, Option } from "./command.js";
import { optionsOf } from "./parse.js";

/** The shells there are scripts for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** The script for a shell. */
export function completion(shell: (typeof SHELLS)[number], commands: Command[]): string {
  return { bash, zsh, fish }[shell](commands);
}

const flags = (options: Option[]): string[] => options.flatMap(({ name, letter }) => [`--${name}`, ...(letter === undefined ? [] : [`-${letter}`])]);
const pattern = ({ name, letter }: Option): string => [`--${name}`, ...(letter === undefined ? [] : [`-${letter}`])].join("|");

/** What a word of a command can be, where that can be listed: the words, or a path. */
function wordsOf({ arguments: expected = [] }: Command): { choices: readonly string[]; path: boolean } {
  return { choices: expected.flatMap(({ choices }: Argument) => choices ?? []), path: expected.some(({ path }) => path) };
}

function bash(commands: Command[]): string {
  const cases = commands.map((command) => {
    const options = optionsOf(command);
    const { choices, path } = wordsOf(command);
    const values = options.flatMap((option) => {
      if (option.choices !== undefined) return [`        ${pattern(option)}) _edgemem_offer -W "${option.choices.join(" ")}"; return ;;`];
      if (option.path) return [`        ${pattern(option)}) _edgemem_offer -f; return ;;`];
      return option.kind === undefined || option.kind === "flag" ? [] : [`        ${pattern(option)}) return ;;`];
    });
    return [
      `    ${command.name})`,
      '      case "$before" in',
      ...values,
      "      esac",
      `      if [[ "$word" == -* ]]; then _edgemem_offer -W "${flags(options).join(" ")}"`,
      `      else _edgemem_offer ${path ? "-f" : `-W "${choices.join(" ")}"`}; fi ;;`,
    ].join("\n");
  });
  return `# edgemem completion bash: put \`source <(edgemem completion bash)\` into ~/.bashrc
_edgemem_offer() {
  # Line by line: names hold spaces and stars, and the bash of macOS has no mapfile.
  local one
  while IFS= read -r one; do COMPREPLY+=("$one"); done < <(compgen "$@" -- "$word")
}
_edgemem() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    _edgemem_offer -W "${commands.map(({ name }) => name).join(" ")} --help --version"
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
}
complete -o filenames -F _edgemem edgemem
`;
}

function zsh(commands: Command[]): string {
  const quoted = (text: string): string => text.replaceAll("'", "'\\''").replace(/[[\]:]/g, "\\$&");
  const specification = (option: Option): string => {
    const { name, letter, kind, value, choices, path, help } = option;
    const names = letter === undefined ? `--${name}` : `{-${letter},--${name}}`;
    const action = choices !== undefined ? `(${choices.join(" ")})` : path ? "_files" : " ";
    const taken = kind === undefined || kind === "flag" ? "" : `:${value ?? name}:${action}`;
    const text = `[${quoted(help)}]${taken}'`;
    const repeated = kind === "texts" ? "'*'" : "";
    return letter === undefined ? `${repeated}'${names}${text}` : `${repeated}${names}'${text}`;
  };
  const cases = commands.map((command) => {
    const { choices, path } = wordsOf(command);
    const words = path ? "'*:file:_files'" : choices.length > 0 ? `'*:word:(${choices.join(" ")})'` : "'*: : '";
    return `    ${command.name}) _arguments ${optionsOf(command).map(specification).join(" ")} ${words} ;;`;
  });
  return `#compdef edgemem
# edgemem completion zsh: put \`source <(edgemem completion zsh)\` into ~/.zshrc, behind compinit
_edgemem() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    '${name}:${quoted(summary)}'`).join("\n")}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
compdef _edgemem edgemem
`;
}

function fish(commands: Command[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const within = (name: string): string => `-n '__fish_seen_subcommand_from ${name}'`;
  const lines = commands.flatMap((command) => {
    const { choices, path } = wordsOf(command);
    const words = path ? [`complete -c edgemem ${within(command.name)} -F`] : choices.length > 0 ? [`complete -c edgemem ${within(command.name)} -a '${choices.join(" ")}'`] : [];
    const options = optionsOf(command).map(({ name, letter, kind, choices: values, path: isPath, help }) =>
      [
        `complete -c edgemem ${within(command.name)} -l ${name}`,
        ...(letter === undefined ? [] : [`-s ${letter}`]),
        ...(kind === undefined || kind === "flag" ? [] : [isPath ? "-r -F" : values === undefined ? "-x" : `-x -a '${values.join(" ")}'`]),
        `-d ${quoted(help)}`,
      ].join(" "),
    );
    return [`complete -c edgemem -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`, ...words, ...options];
  });
  return `# edgemem completion fish: put \`edgemem completion fish | source\` into ~/.config/fish/config.fish
complete -c edgemem -f
${lines.join("\n")}
`;
}
