Feature: save_s_context records the context it runs in, and becomes a command

  @0.16-26
  Scenario: the state file
    When I run "PROFILE=prod chcontext --silent --ctx 77 /usr/lib/vserver/save_s_context /tmp/web.ctx true"
    Then the command succeeds
    And standard error is empty
    And the file "/tmp/web.ctx" is:
      """
      S_CONTEXT=77
      S_PROFILE=prod
      """

  Scenario: a context that hides its cgroup
    When I run "chcontext --silent --secure --ctx 77 /usr/lib/vserver/save_s_context /tmp/web.ctx cat /tmp/web.ctx"
    Then the output has the line "S_CONTEXT=77"

  @0.20-04
  Scenario: arguments keep their boundaries
    When I run "/usr/lib/vserver/save_s_context /tmp/web.ctx printf '[%s]' 'a  b' '' '"quoted"' --help; echo"
    Then it prints "[a  b][]["quoted"][--help]"

  Scenario: the status is the command's
    When I run "/usr/lib/vserver/save_s_context /tmp/web.ctx sh -c 'exit 7'"
    Then the command fails with status 7

  Scenario: the command does not run without a record
    When I run "/usr/lib/vserver/save_s_context /nowhere/web.ctx echo on"
    Then the command fails with status 255
    And it prints nothing
    And it says "save_s_context: /nowhere/web.ctx: No such file or directory" on standard error

  Scenario: a command that cannot be executed
    When I run "/usr/lib/vserver/save_s_context /tmp/web.ctx nosuch"
    Then the command fails with status 255
    And it says "Can't exec nosuch (No such file or directory)" on standard error

  Scenario Outline: the usage
    When I run "/usr/lib/vserver/save_s_context <words>"
    Then the command fails with status 1
    And it prints "save_s_context file command"

    Examples:
      | words        |
      |              |
      | /tmp/web.ctx |
