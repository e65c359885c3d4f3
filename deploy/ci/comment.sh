#!/bin/sh
# Puts pawl-report/comment.md on the pull request, in the place of the comment of an earlier run. After gate.sh.
#   GitHub   GH_TOKEN, GITHUB_REPOSITORY and PAWL_PULL, the number of the pull request; needs gh
#   GitLab   PAWL_GITLAB_TOKEN (a token with the scope api), and in a merge request's pipeline CI_API_V4_URL,
#            CI_PROJECT_ID, CI_MERGE_REQUEST_IID; needs curl
# Where there is no report, or nowhere to put it, it says so and ends with 0: the gate has decided, not the comment.
set -eu
comment=pawl-report/comment.md
mark='!-- pawl gate --' # how the comment begins
if [ ! -s "$comment" ]; then
  echo "There is no $comment: the gate wrote none."
elif [ -n "${PAWL_PULL:-}" ] && [ -n "${GITHUB_REPOSITORY:-}" ]; then
  all=repos/$GITHUB_REPOSITORY/issues
  id=$(gh api --paginate "$all/$PAWL_PULL/comments" --jq ".[] | select(.body | startswith(\"<$mark\")) | .id" | tail -n 1)
  if [ -n "$id" ]; then
    gh api --silent -X PATCH "$all/comments/$id" -F "body=@$comment"
  else
    gh api --silent -X POST "$all/$PAWL_PULL/comments" -F "body=@$comment"
  fi
elif [ -n "${PAWL_GITLAB_TOKEN:-}" ] && [ -n "${CI_MERGE_REQUEST_IID:-}" ]; then
  notes=$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes
  call() { curl -sSf -H "PRIVATE-TOKEN: $PAWL_GITLAB_TOKEN" "$@"; }
  id=$(call "$notes?per_page=100" | grep -o '"id":[0-9]*,"type":[^,]*,"body":"[^!"]*'"$mark" | head -n 1 | sed 's/^"id":\([0-9]*\).*/\1/')
  if [ -n "$id" ]; then
    call -o /dev/null -X PUT "$notes/$id" --data-urlencode "body@$comment"
  else
    call -o /dev/null -X POST "$notes" --data-urlencode "body@$comment"
  fi
else
  echo "Nothing says where the comment goes: it stands in $comment."
fi
