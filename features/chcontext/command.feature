Feature: chcontext runs its command as if it had been called directly

  Scenario: arguments keep their boundaries
    When I run "chcontext --silent printf '[%s]' 'a  b' '' '*' --silent; echo"
    Then it prints "[a  b][][*][--silent]"

  Scenario: the exit status is the command's
    When I run "chcontext --silent sh -c 'exit 7'"
    Then the command fails with status 7

  Scenario: the signal that ended the command ends chcontext
    When I run "exec chcontext --silent sh -c 'kill -TERM $$'"
    Then the command ends by signal 15

  Scenario: a signal for chcontext is one for the command
    When I run the script:
      """
      chcontext --silent sh -c 'trap "echo asked to end; exit 3" TERM; touch /tmp/on; while sleep 0.02; do :; done' &
      until [ -e /tmp/on ]; do sleep 0.02; done
      kill $!
      wait $!
      """
    Then the command fails with status 3
    And it prints "asked to end"

  Scenario: pipes stay pipes
    When I run "echo text | chcontext --silent tr t T | cat"
    Then it prints "TexT"

  Scenario: a reader that ends ends the command
    When I run "chcontext --silent yes | head -n 1"
    Then it prints "y"
    And standard error is empty

  Scenario: the message stands before the output of the command, in a pipe, too
    When I run "chcontext echo on | cat"
    Then it prints:
      """
      New security context is 49152
      on
      """

  Scenario: descriptors, environment and working directory are the caller's
    When I run "cd /usr/lib; WORD=known chcontext --silent sh -c 'pwd; echo $WORD; cat <&7' 7</etc/hostname"
    Then it prints:
      """
      /usr/lib
      known
      host.example.com
      """

  Scenario Outline: a script without "#!" is one for the shell, wherever it is found
    Given the executable file "/usr/local/bin/plain":
      """
      echo $0 $1
      """
    When I run "chcontext --silent <options> plain word"
    Then it prints "/usr/local/bin/plain word"

    Examples:
      | options         |
      | --secure        |
      | --flag fakeinit |

  Scenario: the locale is the caller's, be it none
    When I run "env -i /usr/sbin/chcontext --silent env; env -i LC_CTYPE=C /usr/sbin/chcontext --silent env"
    Then it prints "LC_CTYPE=C"

  Scenario: a working directory that was removed
    When I run "mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone; chcontext --silent ls"
    Then the command succeeds
    And it prints nothing

  Scenario: closed descriptors
    When I run "chcontext touch /tmp/done >&- 2>&- <&-"
    Then the command succeeds
    And the file "/tmp/done" exists

  Scenario: signals that the caller ignores do no harm
    When I run "env --ignore-signal=CHLD --ignore-signal=PIPE chcontext --silent echo on"
    Then it prints "on"

  Scenario: a script without an interpreter line goes to the shell
    Given the executable file "/tmp/script":
      """
      echo script $1
      """
    When I run "chcontext --silent /tmp/script one; chcontext --silent --flag fakeinit /tmp/script two"
    Then it prints:
      """
      script one
      script two
      """

  Scenario: processes that stay behind keep the context
    When I run "chcontext --silent --ctx 500 setsid -f sleep 4711 >/dev/null"
    Then the process "sleep 4711" runs on the host
    When I run "chcontext --silent --ctx 500 ps -o args -e"
    Then the output has the line "sleep 4711"

  Scenario: --disconnect goes on in the background
    When I run "chcontext --disconnect sh -c 'until [ -e /tmp/ended ]; do sleep 0.1; done; echo done >/tmp/done'"
    Then the command succeeds
    And it prints "New security context is 49152"
    When I run "touch /tmp/ended"
    Then the file "/tmp/done" has the line "done"

  Scenario: --disconnect tells when the command cannot be started
    When I run "chcontext --silent --disconnect nosuch"
    Then the command fails with status 255
    And it says "Can't exec nosuch (No such file or directory)" on standard error
