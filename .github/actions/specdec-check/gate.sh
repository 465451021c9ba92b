#!/usr/bin/env bash
# Runs `specdec-check gate` and ends with its exit status: 0 certified, 1 refused, 2 undecided. The inputs are PATHS, ARGS,
# FAIL_ON, LOCKED and HF_TOKEN; what they say is split at white space and never read by a shell.
set -euo pipefail

home="$RUNNER_TEMP/specdec-check"
# No token of the job's counts, wherever it lies: what it opened must not get into the cache.
export HF_HOME="$home/huggingface" HF_TOKEN_PATH="$home/no-token" HUGGING_FACE_HUB_TOKEN=""
results=$(mktemp -d "$RUNNER_TEMP/specdec-check.XXXXXX")
mkdir "$results/certificates"

escaped() { # a workflow command's data, on one line
    local text=$1
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    text=${text//$'\n'/%0A}
    printf '%s' "$text"
}

add_words() { # appends the words of a text to the command
    local words=()
    IFS=$' \t\n' read -r -d '' -a words <<<"$1" || true # which ends without the NUL that -d asks for
    command+=(${words[@]+"${words[@]}"})                # the bash of macOS takes an empty array for an unset one
}

[ -z "$HF_TOKEN" ] || printf '::add-mask::%s\n' "$(escaped "$HF_TOKEN")"

command=("$home/venv/bin/python" -I "$home/venv/bin/specdec-check" gate --format github)
command+=(--output "json=$results/report.json" --output "sarif=$results/report.sarif")
command+=(--output "markdown=$results/summary.md" --output "junit=$results/junit.xml")
command+=(--certificates "$results/certificates")
case $LOCKED in
true) command+=(--locked) ;;
false | "") ;;
*) command+=("--locked=$LOCKED") ;; # which it refuses in its own words
esac
[ -z "$FAIL_ON" ] || command+=("--fail-on=$FAIL_ON")
add_words "$ARGS"
command+=(--)
add_words "$PATHS"

status=0
"${command[@]}" 2>"$results/errors.txt" || status=$?
cat "$results/errors.txt" >&2

report="" sarif=""
[ ! -s "$results/report.json" ] || report="$results/report.json"
[ ! -s "$results/report.sarif" ] || sarif="$results/report.sarif"
# Without a result nothing was checked, whatever the status is: `--help` ends with 0, a Python that cannot start with 1.
[ -n "$report" ] || [ "$status" -gt 1 ] || status=2
case $status in
0) verdict=certified ;;
1) verdict=refused ;;
*) verdict=undecided ;;
esac

# What the next run may start from, named by what it holds; empty where a token opened it.
read=""
[ -n "$HF_TOKEN${HF_OIDC_RESOURCE:-}" ] || [ ! -d "$HF_HOME" ] ||
    read=$(cd "$HF_HOME" && find . ! -type d | LC_ALL=C sort | cksum | cut -d " " -f 1)
{
    printf 'verdict=%s\n' "$verdict"
    printf 'report=%s\n' "$report"
    printf 'sarif-file=%s\n' "$sarif"
    printf 'certificates=%s\n' "$results/certificates"
    printf 'read=%s\n' "$read"
} >>"$GITHUB_OUTPUT"

if [ -s "$results/summary.md" ]; then
    cat "$results/summary.md" >>"$GITHUB_STEP_SUMMARY"
else
    said=$(head -c 20000 "$results/errors.txt" | tr '\r' ' ')
    said=${said:-"specdec-check ended without a result (status $status)."}
    printf '::error title=specdec-check::%s\n' "$(escaped "$said")"
    {
        printf '## specdec-check\n\n**UNDECIDED: it ended with an error, and nothing was checked.**\n\n'
        while IFS= read -r line; do printf '    %s\n' "$line"; done <<<"$said" # as code: it may quote the project
    } >>"$GITHUB_STEP_SUMMARY"
fi
exit "$status"
