/**
 * Completion in the shells: a short script for each, which asks this program what may stand next.
 * `__complete` is what they call; it needs no sign-in and no network.
 */
import { command } from '../command.ts';
import { UsageError } from '../exit.ts';

const scripts: Readonly<Record<string, string>> = {
  bash: `_signalbeam() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _signalbeam signalbeam
`,
  // As a file of fpath its first call runs all of this, and must answer at once.
  zsh: `#compdef signalbeam
compdef _signalbeam signalbeam
_signalbeam() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=(\${candidates:#})
  if (( \${#candidates} )); then compadd -a candidates; else _files; fi
}
if [ "\${funcstack[1]}" = _signalbeam ]; then _signalbeam "$@"; fi
`,
  fish: `function __signalbeam_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates ($words[1] __complete -- $words[2..-1] 2>/dev/null)
  if set -q candidates[1]
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c signalbeam -f -a '(__signalbeam_complete)'
`,
};

const shells = Object.keys(scripts);

export const completionCommand = command({
  name: 'completion',
  summary: 'Print what makes a shell complete these commands',
  words: [{ name: 'SHELL', about: shells.join(', '), choices: shells }],
  examples: [
    'completion bash > ~/.local/share/bash-completion/completions/signalbeam',
    'completion zsh > ~/.zfunc/_signalbeam',
    'completion fish > ~/.config/fish/completions/signalbeam.fish',
  ],
  run: async ({ surroundings }, [shell = '']) => {
    const script = scripts[shell];
    if (script === undefined) throw new UsageError(`\`${shell}\` is none of ${shells.join(', ')}.`);
    surroundings.out(script);
  },
});
