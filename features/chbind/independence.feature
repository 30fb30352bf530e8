Feature: chbind finds out by itself what the running kernel offers
  There is one set of programs for all kernels, and nothing to be compiled on the machine.

  @0.11-09 @0.13-01 @0.13-03
  Scenario: a kernel without the old lines in /proc/self/status
    When I run "grep -c ipv4root /proc/self/status; chbind --silent --ip 192.0.2.10 true"
    Then the command succeeds

  @0.13-02
  Scenario: a machine without a compiler and the kernel's headers
    Given I run "mv /usr/include /usr/include.away; rm -f /usr/bin/clang"
    When I run "chbind --silent --ip 192.0.2.10 echo run"
    Then it prints "run"

  @0.14-07
  Scenario: what the kernel does not offer is said in one line, with the remedy
    When I run "strace -o /dev/null -e inject=bpf:error=ENOSYS chbind --ip 192.0.2.10 echo run"
    Then the command fails with status 255
    And it prints nothing
    And standard error contains "Can't set the ipv4 root (cannot load the BPF programs: Function not implemented)"
    And standard error contains "it takes Linux 6.1 or newer with CONFIG_BPF_SYSCALL"
