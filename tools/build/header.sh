#!/bin/sh
# bwssh in one file: this script, the gzipped Deno @DENO_VERSION@, the gzipped program. POSIX sh, coreutils and gzip.
# The first start unpacks both into private directories named after their hashes; later starts look at the files with one
# stat(1) and exec. Nothing is ever run that is not ours, of the right mode and size, and out of others' reach.
# Every variable here begins with _bw_, so that no exported variable of the caller is changed.

_bw_deno_sha256=@DENO_SHA256@ _bw_deno_size=@DENO_SIZE@ _bw_deno_at=@DENO_AT@ _bw_deno_packed=@DENO_PACKED@
_bw_main_sha256=@MAIN_SHA256@ _bw_main_skip=@MAIN_SKIP@ _bw_main_at=@MAIN_AT@ _bw_main_packed=@MAIN_PACKED@
# The program's files: their names, and their sizes in the order in which they lie in it.
_bw_main_names='@MAIN_NAMES@'
_bw_main_sizes='@MAIN_SIZES@'

_bw_nowhere=/proc/self/no-such-directory
_bw_newline='
'

_bw_fail() { # what, and what to do
  printf 'bwssh: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

# Takes what Deno, V8, Node, npm, OpenSSL and ld.so would obey out of the environment. The values are kept under
# BWSSH_ENV_ for the commands that bwssh starts for its user. A line that merely looks like a variable (it is part of
# another one's value) does no harm: what is not set is skipped.
_bw_hold_environment() {
  _bw_lines=$(export -p)
  case $_bw_lines in
    *BWSSH_ENV_*)
      for _bw_line in $_bw_lines; do
        _bw_name=${_bw_line#export }
        _bw_name=${_bw_name%%=*}
        case $_bw_name in
          *[!A-Za-z0-9_]*) ;;
          BWSSH_ENV_*) unset "$_bw_name" ;;
        esac
      done
      ;;
  esac
  for _bw_line in $_bw_lines; do
    _bw_name=${_bw_line#export }
    _bw_name=${_bw_name%%=*}
    case $_bw_name in
      *[!A-Za-z0-9_]*) ;;
      @HELD@)
        if eval "[ \"\${$_bw_name+x}\" ]"; then
          eval "BWSSH_ENV_$_bw_name=\$$_bw_name"
          export "BWSSH_ENV_$_bw_name"
          unset "$_bw_name"
        fi
        ;;
    esac
  done
}

# Sets _bw_root, the place for unpacked files, or returns 1. $1: cache | temporary
_bw_choose() {
  case $1 in
    cache)
      _bw_base=${XDG_CACHE_HOME-}
      case $_bw_base in
        /*) ;;
        *)
          _bw_base=${HOME-}
          case $_bw_base in
            /*) ;;
            *) _bw_base=$(eval "printf %s ~$(id -un)" 2>/dev/null) ;; # the home of the password database
          esac
          _bw_base=$_bw_base/.cache
          ;;
      esac
      _bw_leaf=bwssh
      ;;
    temporary)
      _bw_base=${TMPDIR-}
      case $_bw_base in /*) ;; *) _bw_base=/tmp ;; esac
      _bw_leaf=bwssh-$(id -u)
      ;;
  esac
  case $_bw_base in /*) ;; *) return 1 ;; esac
  # Links among the parents are the user's business; what they lead to is judged, up to the root directory.
  _bw_real=$(cd -P -- "$_bw_base" 2>/dev/null && pwd -P) ||
    _bw_real=$(umask 077 && mkdir -p -- "$_bw_base" 2>/dev/null && cd -P -- "$_bw_base" && pwd -P) || return 1
  case $_bw_real in *"$_bw_newline"*) return 1 ;; esac
  _bw_root=${_bw_real%/}/$_bw_leaf
  _bw_deno=$_bw_root/bin/$_bw_deno_sha256/bwssh
  _bw_main=$_bw_root/bin/$_bw_main_sha256
}

# Judges what stat says of the files and of every directory above them: 0 run them, 1 unpack (again); a directory in
# which somebody else could exchange something ends it all. $1: which files, deno | main | all | none
_bw_judge() {
  _bw_list=${_bw_deno%/*}$_bw_newline$_bw_main
  _bw_at=$_bw_root/bin
  while [ "$_bw_at" ]; do
    _bw_list=$_bw_list$_bw_newline$_bw_at
    _bw_at=${_bw_at%/*}
  done
  _bw_list=$_bw_list$_bw_newline/
  _bw_in=/
  case $1 in deno | all) _bw_list=$_bw_list$_bw_newline$_bw_deno ;; esac
  case $1 in main | all) _bw_list=$_bw_list$_bw_newline$_bw_main_names _bw_in=$_bw_main ;; esac
  # /proc/self is stat itself: its owner is who we are, without a second program.
  _bw_facts=$(cd -- "$_bw_in" 2>/dev/null && LC_ALL=C stat -c '%u %f %s %n' -- /proc/self/. $_bw_list 2>/dev/null) ||
    return 1
  _bw_me=${_bw_facts%% *}
  # Ordinary files of mode 0500 and 0400 and of their exact sizes: type and mode in hexadecimal.
  _bw_right=
  case $1 in deno | all) _bw_right="$_bw_newline$_bw_me 8140 $_bw_deno_size $_bw_deno" ;; esac
  case $1 in main | all) _bw_right="$_bw_right
@MAIN_FACTS@" ;; esac
  case $_bw_facts in *"$_bw_right") ;; *) return 1 ;; esac
  _bw_facts=${_bw_facts%"$_bw_right"}
  for _bw_line in ${_bw_facts#*"$_bw_newline"}; do
    _bw_owner=${_bw_line%% *}
    _bw_mode=${_bw_line#* }
    _bw_path=${_bw_mode#* * }
    _bw_mode=${_bw_mode%% *}
    case $_bw_mode in
      4???) ;;
      *) _bw_fail "Cannot use '$_bw_path': it is not a directory" "remove it, or set XDG_CACHE_HOME" ;;
    esac
    case $_bw_path/ in
      "$_bw_root"/*) [ "$_bw_owner" = "$_bw_me" ] ;;
      *) [ "$_bw_owner" = "$_bw_me" ] || [ "$_bw_owner" = 0 ] || _bw_is_outside "$_bw_owner" ;;
    esac || _bw_fail "Cannot use '$_bw_path': it belongs to user $_bw_owner" "set XDG_CACHE_HOME to a directory of your own"
    case $_bw_mode in
      4[2367abef]??) ;; # sticky: nobody can rename or remove what is ours
      *[13579bdf]? | *[2367abef])
        _bw_fail "Cannot use '$_bw_path': others may write to it" "chmod go-w '$_bw_path', or set XDG_CACHE_HOME" ;;
    esac
  done
}

# Within a user namespace the host's root and everybody else outside of it are one number.
_bw_is_outside() {
  [ "$1" = 65534 ] && IFS=' ' read -r _bw_first _bw_outer _bw_count </proc/self/uid_map && [ "$_bw_count" != 4294967295 ]
}

# Unpacks what is not there as it should be: another version of bwssh may have brought the same Deno. In a subshell:
# umask and traps are its own. Ends with 9 where this place does not serve.
_bw_unpack() (
  umask 077
  mkdir -p -- "${_bw_deno%/*}" "$_bw_main" 2>/dev/null || exit 9
  _bw_judge none || exit 9
  set +f
  for _bw_old in "${_bw_deno%/*}"/.new.* "$_bw_main"/.new.*; do # of starts that were killed
    _bw_pid=${_bw_old##*/.new.}
    [ -d "/proc/${_bw_pid%%.*}" ] || rm -rf -- "$_bw_old"
  done
  _bw_new=
  trap 'rm -rf -- "$_bw_new"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  set -f
  _bw_judge deno || _bw_unpack_deno
  _bw_judge main || _bw_unpack_main
)

# Unpacks one part into a new directory beside where it goes, and checks its hash. $1: where it goes, then hash, place
# and length. Files are renamed only when they are whole, right and on the disk, so first starts at once all end with the
# same ones, and whatever stood there is replaced, never opened.
_bw_unpack_part() {
  _bw_new=$(mktemp -d -- "$1/.new.$$.XXXXXXXXXX" 2>/dev/null) || exit 9
  tail -c "+$3" -- "$_bw_self" 2>/dev/null | head -c "$4" | GZIP='' gzip -dc >"$_bw_new/bwssh" || exit 9
  _bw_sum=$(sha256sum <"$_bw_new/bwssh") || exit 9
  [ "${_bw_sum%% *}" = "$2" ] || _bw_fail "Cannot unpack '$_bw_self': its contents are damaged" "install it again"
}

_bw_unpack_deno() {
  _bw_unpack_part "${_bw_deno%/*}" "$_bw_deno_sha256" "$_bw_deno_at" "$_bw_deno_packed"
  _bw_put 0500 "${_bw_deno%/*}" "$_bw_new/bwssh"
}

_bw_unpack_main() {
  _bw_unpack_part "$_bw_main" "$_bw_main_sha256" "$_bw_main_at" "$_bw_main_packed"
  _bw_at=$((_bw_main_skip + 1))
  _bw_files=
  for _bw_line in $_bw_main_sizes; do
    _bw_file=$_bw_new/${_bw_line#* }
    tail -c "+$_bw_at" -- "$_bw_new/bwssh" 2>/dev/null | head -c "${_bw_line%% *}" >"$_bw_file" || exit 9
    _bw_at=$((_bw_at + ${_bw_line%% *}))
    _bw_files=$_bw_files$_bw_newline$_bw_file
  done
  rm -f -- "$_bw_new/bwssh"
  _bw_put 0400 "$_bw_main" $_bw_files
}

# Mode, directory, and the files that go there.
_bw_put() {
  _bw_mode=$1 _bw_to=$2
  shift 2
  chmod "$_bw_mode" -- "$@" && sync -- "$@" && mv -f -t "$_bw_to" -- "$@" && sync -- "$_bw_to" && rmdir -- "$_bw_new" ||
    exit 9
}

_bw_start() {
  _bw_self=$0
  case $_bw_self in /*) ;; *) _bw_self=$PWD/$_bw_self ;; esac
  _bw_saved_path=${PATH-}
  PATH=/usr/bin:/bin:/run/current-system/sw/bin:/run/current-system/profile/bin
  IFS=$_bw_newline
  set -f
  _bw_hold_environment
  _bw_found='' _bw_tried=''
  for _bw_place in cache temporary; do
    _bw_choose "$_bw_place" || continue
    _bw_tried="${_bw_tried:+$_bw_tried or }'$_bw_root'"
    if ! _bw_judge all; then
      _bw_unpack || {
        [ "$?" = 9 ] || exit 1
        continue
      }
      _bw_judge all || continue
    fi
    [ -x "$_bw_deno" ] || continue # a file system mounted noexec
    _bw_found=1
    break
  done
  [ "$_bw_found" ] || _bw_fail "Cannot unpack into ${_bw_tried:-a cache directory}" \
    "set XDG_CACHE_HOME to a directory of your own with 120 MB of room, not mounted noexec"
  # Deno reads an .npmrc in HOME, and obeys it, before it runs anything; the program takes its HOME back (launch.ts).
  if [ "${HOME+x}" ]; then
    BWSSH_ENV_HOME=$HOME
    export BWSSH_ENV_HOME
  fi
  PATH=$_bw_saved_path
  HOME=$_bw_nowhere
  DENO_DIR=$_bw_main/deno # holds what Deno found out about the program's imports: 20 ms less at each start
  DENO_NO_UPDATE_CHECK=1
  DENO_DISABLE_NODE_SHIM=1
  BWSSH_SELF=$_bw_self
  export HOME DENO_DIR DENO_NO_UPDATE_CHECK DENO_DISABLE_NODE_SHIM BWSSH_SELF
  exec "$_bw_deno" run @DENO_FLAGS@ "$_bw_main/bwssh.js" "$@"
}

_bw_start "$@"
exit 126
