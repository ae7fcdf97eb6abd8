<#
.SYNOPSIS
Builds the site in a WSL2 distribution, from Windows, and opens it.

.DESCRIPTION
Takes the first WSL2 distribution, or the one that is named; installs Debian where there is none.
Then runs scripts/build in it, which sets up everything else, and opens the site. For Windows
PowerShell 5.1 and newer. Exit codes are those of scripts/build; 2 also where WSL cannot be used.

.PARAMETER Distribution
The distribution to build in.

.PARAMETER Arguments
Options of scripts/build, such as '--publish'.

.PARAMETER Command
A command to run after the set-up in place of the build, such as
'scripts/with-engine -- .venv/bin/kshare capture'.

.PARAMETER Unattended
Ask nothing, run as root in the distribution, and open nothing.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File scripts\wsl.ps1
#>
[CmdletBinding()]
param(
    [string] $Distribution = '',
    [string] $Arguments = '',
    [string] $Command = '',
    [switch] $Unattended
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
# Without it wsl.exe prints UTF-16, which Windows PowerShell reads as text with zeros in it.
$env:WSL_UTF8 = '1'

function Stop-With([string] $Message) {
    [Console]::Error.WriteLine("kshare: $Message")
    exit 2
}

function Get-Wsl2Distributions {
    # NAME STATE VERSION, the default one marked with an asterisk; the header depends on the language.
    $lines = @(& wsl.exe --list --verbose 2>$null)
    foreach ($line in $lines) {
        if ($line -match '^\s*\*?\s*(\S+)\s+\S.*\s2\s*$') { $Matches[1] }
    }
}

if (-not (Get-Command wsl.exe -ErrorAction SilentlyContinue)) {
    Stop-With 'there is no wsl.exe: install WSL, wsl --install in a terminal of an administrator, then try again'
}
# Docker Desktop's own distributions are no place to build in.
$known = @(Get-Wsl2Distributions | Where-Object { $_ -notlike 'docker-desktop*' })
if ($Distribution -and $known -notcontains $Distribution) {
    Stop-With "there is no WSL2 distribution '$Distribution'; known: $($known -join ', ')"
}
if (-not $Distribution) {
    if ($known.Count -eq 0) {
        Write-Host 'kshare: about to install the distribution Debian: wsl --install Debian'
        & wsl.exe --install --distribution Debian --no-launch
        if ($LASTEXITCODE -ne 0) { Stop-With 'Debian could not be installed; see the message above' }
        & wsl.exe --distribution Debian --user root -- true
        if ($LASTEXITCODE -ne 0) { Stop-With 'Debian does not start; a restart of Windows may be needed first' }
        $known = @('Debian')
    }
    $Distribution = $known[0]
}

$root = Split-Path -Parent $PSScriptRoot
$inside = @('--distribution', $Distribution, '--cd', $root)
if ($Unattended) { $inside += @('--user', 'root') }

& wsl.exe @inside -- sh -c 'command -v git >/dev/null && command -v python3 >/dev/null'
if ($LASTEXITCODE -ne 0) {
    Write-Host 'kshare: about to install git and Python in the distribution'
    & wsl.exe --distribution $Distribution --user root -- sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates git python3 python3-venv'
    if ($LASTEXITCODE -ne 0) { Stop-With 'git and Python could not be installed in the distribution' }
}

if ($Command) {
    & wsl.exe @inside -- bash -c "set -e; source scripts/lib.sh; ensure_venv; $Command"
} else {
    & wsl.exe @inside -- bash -c "exec scripts/build $Arguments"
}
$code = $LASTEXITCODE
if (-not $Unattended -and -not $Command -and $code -lt 2) {
    $page = Join-Path $root 'site\index.html'
    if (Test-Path $page) { Start-Process $page }
}
exit $code
